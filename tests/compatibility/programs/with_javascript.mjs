// The AWS SDK for JavaScript: prints who it is, CALLS times.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { setTimeout } from "node:timers/promises";

const client = new STSClient();
for (let number = 0; number < Number(process.env.CALLS ?? 1); number++) {
  if (number) await setTimeout(1000 * Number(process.env.PAUSE_S));
  console.log((await client.send(new GetCallerIdentityCommand())).Arn);
}
