"""How the client goes about it: when to send, what a reply means, what an endpoint has shown of itself."""
