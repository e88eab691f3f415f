"""The HTTP API in types: what may be asked, what is answered, and the OpenAPI document made of both.

It stands beside the promises and knows none of them: what they answer is held against these shapes by the stories.
"""

from shared.operation.api import answers, document, reading, requests

__all__ = ["answers", "document", "reading", "requests"]
