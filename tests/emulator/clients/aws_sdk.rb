# The AWS SDK for Ruby: the chain of aws_sdk.mjs without the access grant. Debian's is older than CreateTokenWithIAM and
# ProvidedContexts, so that its signer makes these two requests.
require "aws-sdk-core"
require "json"
require "net/http"

ADDRESS = ENV.fetch("AWS_ENDPOINT_URL_STS")
Aws.config.update(endpoint: ADDRESS, region: ENV.fetch("AWS_REGION"))
CALLER = Aws::STS::Client.new.assume_role_with_web_identity(
  role_arn: ENV.fetch("CALLER_ROLE"), role_session_name: "ruby", web_identity_token: ENV.fetch("TOKEN")
).credentials

def signed(service, path, type, body)
  signer = Aws::Sigv4::Signer.new(
    service: service, region: ENV.fetch("AWS_REGION"), access_key_id: CALLER.access_key_id,
    secret_access_key: CALLER.secret_access_key, session_token: CALLER.session_token
  )
  url = URI(ADDRESS + path)
  headers = { "Content-Type" => type }
  headers.update(signer.sign_request(http_method: "POST", url: url, headers: headers, body: body).headers)
  answer = Net::HTTP.post(url, body, headers)
  answer.is_a?(Net::HTTPSuccess) ? answer.body : abort(answer.body)
end

def exchanged(proof)
  asked = { clientId: ENV.fetch("APPLICATION"), **proof }
  JSON.parse(signed("sso-oauth", "/token?aws_iam=t", "application/json", JSON.generate(asked)))
end

def arn(access_key_id, secret_access_key, session_token)
  keys = Aws::Credentials.new(access_key_id, secret_access_key, session_token)
  Aws::STS::Client.new(credentials: keys).get_caller_identity.arn
end

tokens = exchanged(grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: ENV.fetch("TOKEN"))
tokens = exchanged(grantType: "refresh_token", refreshToken: tokens["refreshToken"])
assumed = signed(
  "sts", "/", "application/x-www-form-urlencoded",
  URI.encode_www_form(
    "Action" => "AssumeRole", "Version" => "2011-06-15", "RoleArn" => ENV.fetch("ROLE"), "RoleSessionName" => "ruby",
    "ProvidedContexts.member.1.ProviderArn" => "arn:aws:iam::aws:contextProvider/IdentityCenter",
    "ProvidedContexts.member.1.ContextAssertion" => tokens["awsAdditionalDetails"]["identityContext"]
  )
)
puts arn(*%w[AccessKeyId SecretAccessKey SessionToken].map { |name| assumed[%r{<#{name}>(.*)</#{name}>}, 1] })

portal = Aws::SSO::Client.new.get_role_credentials(
  access_token: tokens["accessToken"], account_id: "111122223333", role_name: "Admin"
).role_credentials
puts arn(portal.access_key_id, portal.secret_access_key, portal.session_token).split(":")[4]
