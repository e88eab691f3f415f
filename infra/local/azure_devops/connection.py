"""The HTTP connection, with one thing more than uvicorn offers: it can be closed without an answer."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infra.local.azure_devops.server import ABORT


class Connection(HttpToolsProtocol):
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort}
