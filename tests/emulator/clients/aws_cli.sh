# The AWS CLI: the chain of aws_sdk.mjs, with its own commands and queries. $AWS starts version 1 or 2.
set -eu

use() { # the keys of a line, as --output text prints them
  AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 AWS_SESSION_TOKEN=$3
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
}
keys='[AccessKeyId, SecretAccessKey, SessionToken]'

use $($AWS sts assume-role-with-web-identity --role-arn "$CALLER_ROLE" --role-session-name cli \
  --web-identity-token "$TOKEN" --query "Credentials.$keys" --output text)
set -- $($AWS sso-oidc create-token-with-iam --client-id "$APPLICATION" --assertion "$TOKEN" \
  --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer \
  --query '[accessToken, awsAdditionalDetails.identityContext]' --output text)
access_token=$1
use $($AWS sts assume-role --role-arn "$ROLE" --role-session-name cli --provided-contexts \
  "ProviderArn=arn:aws:iam::aws:contextProvider/IdentityCenter,ContextAssertion=$2" --query "Credentials.$keys" --output text)
$AWS sts get-caller-identity --query Arn --output text
person="$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN"
use $($AWS sso get-role-credentials --access-token "$access_token" --account-id 111122223333 --role-name Admin \
  --query 'roleCredentials.[accessKeyId, secretAccessKey, sessionToken]' --output text)
$AWS sts get-caller-identity --query Account --output text
if [ -n "${TARGET:-}" ]; then
  use $person
  $AWS s3control get-data-access --account-id 123456789012 --target "$TARGET" --permission READ \
    --query MatchedGrantTarget --output text
fi
