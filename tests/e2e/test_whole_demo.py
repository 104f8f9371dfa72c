"""`./tierdesk demo` on an instance that runs elsewhere: it plays, audits from outside and inside, and says so."""

import asyncio
import json
import os
import sys

from support.town import Town

ISSUES = 20


async def test_the_demo_plays_on_a_running_instance_and_its_audit_finds_nothing(here: Town) -> None:
    credentials, infrastructure = here.desk.credentials, here.desk.infrastructure
    told = {
        "TIERDESK_DEMO_API_KEY": str(credentials.api_key),
        "TIERDESK_DEMO_ADMIN_PASSWORD": credentials.staff["admin"],
        "TIERDESK_DEMO_VENDOR_URL": f"http://127.0.0.1:{here.demo_vendor_port}",
        "TIERDESK_DEMO_MAIL_URL": here.desk.mail_url,
        "DATABASE_URL": infrastructure.database_url,
        "TIERDESK_NAMESPACE": infrastructure.namespace,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onebox", "demo", "--issues", str(ISSUES), "--url", here.desk.url, "--json"),
        env={**os.environ, **told},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, progress = await process.communicate()
    assert process.returncode == 0, output.decode() + progress.decode()
    outcome = json.loads(output.splitlines()[-1])
    assert (outcome["posted"], outcome["accepted"]) == (ISSUES, ISSUES)
    assert outcome["audit"] == {"checked": ISSUES, "offenders": [], "not_checked": []}
