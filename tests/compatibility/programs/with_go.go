// The AWS SDK for Go: prints who it is, CALLS times.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	ctx := context.Background()
	// Debian's knows no such variable.
	resolve := func(service, region string, _ ...interface{}) (aws.Endpoint, error) {
		return aws.Endpoint{URL: os.Getenv("AWS_ENDPOINT_URL_STS"), SigningRegion: region}, nil
	}
	resolver := config.WithEndpointResolverWithOptions(aws.EndpointResolverWithOptionsFunc(resolve))
	loaded, err := config.LoadDefaultConfig(ctx, resolver)
	check(err)
	client := sts.NewFromConfig(loaded)
	calls, _ := strconv.Atoi(os.Getenv("CALLS"))
	pause, _ := strconv.ParseFloat(os.Getenv("PAUSE_S"), 64)
	for number := 0; number < max(1, calls); number++ {
		if number > 0 {
			time.Sleep(time.Duration(pause * float64(time.Second)))
		}
		who, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		check(err)
		fmt.Println(*who.Arn)
	}
}

func max(one, other int) int {
	if one > other {
		return one
	}
	return other
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
