// Links: a link to the bot is opened for the person here; any other opens in its own tab.

let username = "";

/** Set the user name that identifies links to the bot. */
export function setBot(name) {
  username = name.toLowerCase();
}

function parsed(address) {
  try {
    return new URL(/^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`);
  } catch {
    return null;
  }
}

function isTelegram(url) {
  return ["t.me", "telegram.me"].includes(url.hostname.toLowerCase());
}

/** Return the address for a browser, or null if no browser should open it. */
export function safeAddress(address) {
  const url = parsed(address);
  return url && ["http:", "https:"].includes(url.protocol) ? url.href : null;
}

/** Return whether an address leads to the bot. */
export function isBotLink(address) {
  const url = parsed(address);
  return Boolean(
    url && isTelegram(url) && url.pathname.replace(/\/$/, "").toLowerCase() === `/${username}`,
  );
}

/** Return the address that a `t.me/share/url` link shares, or null for any other link. */
export function sharedAddress(address) {
  const url = parsed(address);
  return url && isTelegram(url) && url.pathname === "/share/url"
    ? url.searchParams.get("url")
    : null;
}
