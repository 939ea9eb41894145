"""The Rust SDK in deltalake: looks for a table."""

from calling import calls
from deltalake import DeltaTable

for _ in calls():
    print(DeltaTable.is_deltatable("s3://bucket/table", {"AWS_ALLOW_HTTP": "true"}), flush=True)
