"""The application this worker serves: edit this line to name your own, as MODULE:APP."""

TARGET = "redisched.demo.app:app"
