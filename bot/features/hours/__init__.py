"""A provider opens hours, looks at them and removes them."""
