// Links: those to the bot are pressed for a person right here, all others open in a tab of their own.

let username = "";

/** Remember whose links are the bot's. */
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

/** Return the address for a browser, null for what no browser should follow. */
export function safeAddress(address) {
  const url = parsed(address);
  return url && ["http:", "https:"].includes(url.protocol) ? url.href : null;
}

/** Say whether an address leads to the bot. */
export function isBotLink(address) {
  const url = parsed(address);
  return Boolean(url && isTelegram(url) && url.pathname.replace(/\/$/, "").toLowerCase() === `/${username}`);
}

/** Return the address a `t.me/share/url` link wants to pass on, null for any other link. */
export function sharedAddress(address) {
  const url = parsed(address);
  return url && isTelegram(url) && url.pathname === "/share/url" ? url.searchParams.get("url") : null;
}
