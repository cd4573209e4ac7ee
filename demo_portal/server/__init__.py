"""What the demo world serves HTTP with: the server itself, forms and JSON, the authorization server and its tokens."""
