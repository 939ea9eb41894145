"""aioboto3: prints who it is."""

import asyncio

import aioboto3
from calling import calls


async def main() -> None:
    made = calls()
    next(made)
    async with aioboto3.Session().client("sts") as client:
        print((await client.get_caller_identity())["Arn"], flush=True)
        for _ in made:
            print((await client.get_caller_identity())["Arn"], flush=True)


asyncio.run(main())
