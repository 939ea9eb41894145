# The AWS SDK for Ruby: prints who it is, CALLS times.
require "aws-sdk-core"

Aws.config.update(endpoint: ENV.fetch("AWS_ENDPOINT_URL_STS")) # Debian's knows no such variable
client = Aws::STS::Client.new
Integer(ENV.fetch("CALLS", "1")).times do |number|
  sleep Float(ENV.fetch("PAUSE_S")) if number > 0
  puts client.get_caller_identity.arn
end
