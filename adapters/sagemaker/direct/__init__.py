"""HTTP/1.1 to SageMaker Runtime over connections of our own: httptools and the event loop's TLS."""
