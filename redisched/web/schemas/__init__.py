"""The JSON schemas of what is sent and answered. They and the endpoints are what the OpenAPI document is made from."""
