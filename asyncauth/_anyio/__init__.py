"""The anyio side: streams, connecting and listening, on asyncio, uvloop and Trio. What is public of it, the package
itself has."""
