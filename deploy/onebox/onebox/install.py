"""Makes both servers ready for the services, in a process of its own that ends: databases, topics, first sign-ins."""

import asyncio
import hashlib
import importlib
import importlib.util
import os
from pathlib import Path

from onebox.places import places
from onebox.routes import SERVICES
from onebox.seed import seed

PACKAGES = tuple(service.replace("-", "_") for service in SERVICES)
RECORD = "installed"


def main() -> None:
    """Bring everything to what this checkout's code expects. Safe to run again and from several processes."""
    from shared.migrate import migrate
    from shared.settings import ServiceSettings
    from shared.topics import create_topics

    every: list[ServiceSettings] = [importlib.import_module(f"{package}.settings").Settings() for package in PACKAGES]

    async def install() -> None:
        for settings in every:
            print(f"Preparing the database of {settings.SERVICE} …", flush=True)
            await migrate(settings)
        await create_topics(every[0].kafka_bootstrap, every[0].namespace, partitions=every[0].partitions)
        await seed(places().home)

    asyncio.run(install())


def fingerprint() -> str:
    """What the result of an installation depends on: migrations, topics, and the namespace they are made in."""
    sources = [_package_folder("shared") / "topics.py", _package_folder("shared") / "migrate.py"]
    for package in PACKAGES:
        sources += sorted((_package_folder(package) / "migrations").rglob("*.py"))
    digest = hashlib.sha256(os.environ.get("TIERDESK_NAMESPACE", "").encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def is_installed(home: Path) -> bool:
    """Whether our own servers, whose data lie in this home, were last installed by exactly this code."""
    record = home / RECORD
    return record.exists() and record.read_text() == fingerprint()


def record_installed(home: Path) -> None:
    """Remember that; the next start need not look."""
    (home / RECORD).write_text(fingerprint())


def _package_folder(package: str) -> Path:
    """Found without importing the package: imports are what a fast start cannot afford."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


if __name__ == "__main__":
    main()
