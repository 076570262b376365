"""Where people and programs meet Kafalat: console (staff), public (citizens), cli. Parse, call one service or selector, render."""
