"""The process one deploys: `redisched worker` for the application that REDISCHED_APP names, else for the demo's."""
