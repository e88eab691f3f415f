"""The HTTP API in types: what may be asked, what is answered, and the OpenAPI document made of both.

It knows none of the services that answer: the stories hold what they say against these shapes.
"""

from shared.operation.api import answers, document, reading, requests

__all__ = ["answers", "document", "reading", "requests"]
