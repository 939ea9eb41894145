// The AWS SDK for Go: the chain of aws_sdk.mjs without the access grant. Debian's is older than CreateTokenWithIAM and
// ProvidedContexts, so that its signer makes these two requests.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var (
	ctx     = context.Background()
	address = os.Getenv("AWS_ENDPOINT_URL_STS")
	region  = os.Getenv("AWS_REGION")
)

type tokens struct {
	AccessToken, RefreshToken string
	AwsAdditionalDetails      struct{ IdentityContext string }
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	opened := must(securityTokens(nil).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String(os.Getenv("CALLER_ROLE")),
		RoleSessionName:  aws.String("go"),
		WebIdentityToken: aws.String(os.Getenv("TOKEN")),
	})).Credentials
	caller := keys(*opened.AccessKeyId, *opened.SecretAccessKey, *opened.SessionToken)

	first := exchange(caller, map[string]string{
		"grantType": "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"assertion": os.Getenv("TOKEN"),
	})
	second := exchange(caller, map[string]string{"grantType": "refresh_token", "refreshToken": first.RefreshToken})
	fmt.Println(who(assume(caller, second.AwsAdditionalDetails.IdentityContext)))

	portal := sso.New(sso.Options{Region: region, EndpointResolver: sso.EndpointResolverFromURL(address)})
	given := must(portal.GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{
		AccessToken: aws.String(second.AccessToken),
		AccountId:   aws.String("111122223333"),
		RoleName:    aws.String("Admin"),
	})).RoleCredentials
	admin := keys(*given.AccessKeyId, *given.SecretAccessKey, *given.SessionToken)
	fmt.Println(strings.Split(who(admin), ":")[4])
}

func keys(id, secret, session string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(id, secret, session)
}

func securityTokens(provider aws.CredentialsProvider) *sts.Client {
	resolver := sts.EndpointResolverFromURL(address)
	return sts.New(sts.Options{Region: region, Credentials: provider, EndpointResolver: resolver})
}

func who(provider aws.CredentialsProvider) string {
	return *must(securityTokens(provider).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})).Arn
}

func exchange(caller aws.CredentialsProvider, proof map[string]string) (answer tokens) {
	proof["clientId"] = os.Getenv("APPLICATION")
	body := must(json.Marshal(proof))
	must(0, json.Unmarshal(signed(caller, "sso-oauth", "/token?aws_iam=t", "application/json", body), &answer))
	return
}

func assume(caller aws.CredentialsProvider, identityContext string) aws.CredentialsProvider {
	form := url.Values{
		"Action":                                {"AssumeRole"},
		"Version":                               {"2011-06-15"},
		"RoleArn":                               {os.Getenv("ROLE")},
		"RoleSessionName":                       {"go"},
		"ProvidedContexts.member.1.ProviderArn": {"arn:aws:iam::aws:contextProvider/IdentityCenter"},
		"ProvidedContexts.member.1.ContextAssertion": {identityContext},
	}
	body := signed(caller, "sts", "/", "application/x-www-form-urlencoded", []byte(form.Encode()))
	var answer struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string } `xml:"AssumeRoleResult>Credentials"`
	}
	must(0, xml.Unmarshal(body, &answer))
	return keys(answer.Credentials.AccessKeyId, answer.Credentials.SecretAccessKey, answer.Credentials.SessionToken)
}

func signed(caller aws.CredentialsProvider, service, path, kind string, body []byte) []byte {
	request := must(http.NewRequest("POST", address+path, bytes.NewReader(body)))
	request.Header.Set("Content-Type", kind)
	digest := sha256.Sum256(body)
	by, hash := must(caller.Retrieve(ctx)), hex.EncodeToString(digest[:])
	must(0, signer.NewSigner().SignHTTP(ctx, by, request, hash, service, region, time.Now()))
	answer := must(http.DefaultClient.Do(request))
	text := must(io.ReadAll(answer.Body))
	if answer.StatusCode != http.StatusOK {
		must(0, fmt.Errorf("%s: %s", answer.Status, text))
	}
	return text
}
