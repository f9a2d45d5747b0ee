"""The view of `redisched top`: screens for the terminal, made with Textual. Needs the extra `top`; no application."""
