"""Makes aiokafka notice, on uvloop, that a connection is gone: without this a killed broker ends consumers for good."""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def notice_closed_connections() -> None:
    """Let a request on a closed connection fail as aiokafka expects. To be called once, before the loop runs.

    uvloop raises RuntimeError from the write to a closed transport, where asyncio's loop only warns. aiokafka catches
    OSError there, so the error would end its background tasks unseen: those that find the coordinator and refresh
    metadata. Whoever then waits for metadata, a commit of offsets first of all, waits for ever.
    """
    send = AIOKafkaConnection.send

    def send_if_open(connection: Any, *arguments: Any, **options: Any) -> Any:
        if connection._writer is not None and connection._writer.transport.is_closing():
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"The connection to {connection.host}:{connection.port} is closed.")
        return send(connection, *arguments, **options)

    AIOKafkaConnection.send = send_if_open
