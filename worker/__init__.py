"""The process one deploys: it serves the application that `worker/app.py` names."""
