// The AWS SDK for JavaScript in a program that runs on: asks who it is until it had that many access keys.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const seen = new Set();
const client = new STSClient();
while (seen.size < Number(process.env.KEYS)) {
  await client.send(new GetCallerIdentityCommand());
  seen.add((await client.config.credentials()).accessKeyId);
  await new Promise((resolve) => setTimeout(resolve, 300));
}
console.log(seen.size);
