// The AWS SDK for JavaScript: from an identity token to credentials.
// Prints the ARN of the session, the account of the permission set, and where a target is asked for that of its S3 grant.
import { GetDataAccessCommand, S3ControlClient } from "@aws-sdk/client-s3-control";
import { GetRoleCredentialsCommand, SSOClient } from "@aws-sdk/client-sso";
import { CreateTokenWithIAMCommand, SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromWebToken } from "@aws-sdk/credential-providers";

const { TOKEN, APPLICATION, CALLER_ROLE, ROLE, TARGET } = process.env;
const account = ROLE.split(":")[4];
const region = process.env.AWS_REGION;

const caller = await fromWebToken({ webIdentityToken: TOKEN, roleArn: CALLER_ROLE, clientConfig: { region } })();
const center = new SSOOIDCClient({ credentials: caller });
const exchanged = await center.send(new CreateTokenWithIAMCommand({
  clientId: APPLICATION,
  grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  assertion: TOKEN,
}));
const refreshed = await center.send(new CreateTokenWithIAMCommand({
  clientId: APPLICATION,
  grantType: "refresh_token",
  refreshToken: exchanged.refreshToken,
}));
const assumed = await new STSClient({ credentials: caller }).send(new AssumeRoleCommand({
  RoleArn: ROLE,
  RoleSessionName: "javascript",
  ProvidedContexts: [{
    ProviderArn: "arn:aws:iam::aws:contextProvider/IdentityCenter",
    ContextAssertion: refreshed.awsAdditionalDetails.identityContext,
  }],
}));
const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials;
const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
console.log((await new STSClient({ credentials }).send(new GetCallerIdentityCommand())).Arn);

const portal = await new SSOClient().send(new GetRoleCredentialsCommand({
  accessToken: refreshed.accessToken,
  accountId: "111122223333",
  roleName: "Admin",
}));
const { expiration: milliseconds, ...keys } = portal.roleCredentials;
const admin = new STSClient({ credentials: { ...keys, expiration: new Date(milliseconds) } });
console.log((await admin.send(new GetCallerIdentityCommand())).Account);

if (TARGET) {
  const s3 = new S3ControlClient({ credentials });
  const granted = await s3.send(new GetDataAccessCommand({ AccountId: account, Target: TARGET, Permission: "READ" }));
  console.log(granted.MatchedGrantTarget);
}
