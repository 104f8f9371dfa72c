"""Is the service of this container ready? Run without site-packages, because it runs every few seconds."""

import http.client
import sys

PORT = 8000
TIMEOUT_SECONDS = 4

connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT_SECONDS)
try:
    connection.request("GET", "/readyz")
    sys.exit(connection.getresponse().status != http.client.OK)
except OSError as error:
    sys.exit(str(error))
