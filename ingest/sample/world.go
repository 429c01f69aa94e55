package sample

import (
	"fmt"
	"math/rand/v2"
)

// The invented organisation: its accounts, people and resources.

// accounts and regions of the invented organisation; the first is the busiest.
var (
	accounts = [...]string{"111111111111", "222222222222", "333333333333"}
	regions  = [...]string{"ap-northeast-1", "us-east-1", "eu-central-1"}
	users    = [...]string{"ami", "ben", "chie", "dana", "emil", "fumi", "gita", "hiro", "ines", "jun", "kofi", "lena"}
	roles    = [...]string{"deploy", "backup", "monitoring", "readonly", "data-pipeline", "ci-runner"}
	agents   = [...]string{
		"aws-cli/2.15.30 Python/3.11.8 Linux/6.1.79 exe/x86_64.amzn.2023 prompt/off",
		"APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) terraform-provider-aws/5.41.0",
		"Boto3/1.34.60 md/Botocore#1.34.60 ua/2.0 os/linux#5.10.210 md/arch#x86_64 lang/python#3.12.2",
		"aws-sdk-go-v2/1.25.3 os/linux lang/go#1.22.1 md/GOOS#linux md/GOARCH#amd64",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
	}
	awsServices = [...]string{"autoscaling.amazonaws.com", "config.amazonaws.com", "cloudtrail.amazonaws.com", "ecs-tasks.amazonaws.com"}
)

// call is an API call that happens every day.
type call struct {
	service, name string
	write         bool
	params        string // JSON; %08x is a resource
	resource      string // type of the resource that is listed; "" none
}

// calls are in the order of how often they happen (Zipf).
var calls = [...]call{
	{"sts", "AssumeRole", false, `{"roleArn":"arn:aws:iam::111111111111:role/deploy","roleSessionName":"s-%08x","durationSeconds":3600}`, "AWS::IAM::Role"},
	{"ec2", "DescribeInstances", false, `{"instancesSet":{"items":[{"instanceId":"i-%08x"}]},"filterSet":{}}`, ""},
	{"s3", "GetBucketAcl", false, `{"bucketName":"acme-data-%08x","Host":"acme.s3.amazonaws.com","acl":""}`, "AWS::S3::Bucket"},
	{"kms", "Decrypt", false, `{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::acme-%08x"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, "AWS::KMS::Key"},
	{"ec2", "DescribeVolumes", false, `{"maxResults":1000,"volumeSet":{"items":[{"volumeId":"vol-%08x"}]},"filterSet":{}}`, ""},
	{"logs", "CreateLogStream", true, `{"logGroupName":"/aws/lambda/orders","logStreamName":"2026/%08x"}`, ""},
	{"ec2", "DescribeSecurityGroups", false, `{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"sg-%08x"}]},"filterSet":{}}`, ""},
	{"iam", "GetRole", false, `{"roleName":"role-%08x"}`, ""},
	{"monitoring", "DescribeAlarms", false, `{"alarmNames":["cpu-%08x"]}`, ""},
	{"s3", "ListBuckets", false, `{"Host":"s3.amazonaws.com","marker":"%08x"}`, ""},
	{"dynamodb", "DescribeTable", false, `{"tableName":"orders-%08x"}`, "AWS::DynamoDB::Table"},
	{"ssm", "UpdateInstanceInformation", true, `{"instanceId":"i-%08x","agentVersion":"3.2.2303.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux"}`, ""},
	{"elasticloadbalancing", "DescribeTargetHealth", false, `{"targetGroupArn":"arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/web/%08x"}`, ""},
	{"ecr", "GetAuthorizationToken", false, `{"registryIds":["%08x"]}`, ""},
	{"lambda", "GetFunction20150331v2", false, `{"functionName":"orders-%08x"}`, ""},
	{"sts", "GetCallerIdentity", false, `null`, ""},
	{"cloudtrail", "LookupEvents", false, `{"maxResults":50,"nextToken":"%08x"}`, ""},
	{"secretsmanager", "GetSecretValue", false, `{"secretId":"prod/db-%08x"}`, ""},
	{"ec2", "CreateTags", true, `{"resourcesSet":{"items":[{"resourceId":"i-%08x"}]},"tagSet":{"items":[{"key":"team","value":"blue"}]}}`, ""},
	{"autoscaling", "DescribeAutoScalingGroups", false, `{"maxRecords":100,"autoScalingGroupNames":["web-%08x"]}`, ""},
	{"ec2", "RunInstances", true, `{"instancesSet":{"items":[{"imageId":"ami-%08x","minCount":1,"maxCount":1}]},"instanceType":"t3.medium"}`, ""},
	{"ec2", "TerminateInstances", true, `{"instancesSet":{"items":[{"instanceId":"i-%08x"}]}}`, ""},
	{"s3", "PutBucketTagging", true, `{"bucketName":"acme-data-%08x","tagging":"","Host":"acme.s3.amazonaws.com"}`, "AWS::S3::Bucket"},
	{"iam", "ListAttachedRolePolicies", false, `{"roleName":"role-%08x","maxItems":100}`, ""},
	{"lambda", "UpdateFunctionCode20150331v2", true, `{"functionName":"orders-%08x","publish":false,"dryRun":false}`, ""},
	{"route53", "ListResourceRecordSets", false, `{"id":"Z%08x","maxItems":"300"}`, ""},
	{"iam", "CreateRole", true, `{"roleName":"task-%08x","path":"/","assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"}`, ""},
	{"ec2", "AuthorizeSecurityGroupIngress", true, `{"groupId":"sg-%08x","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"192.0.2.0/24"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`, ""},
	{"rds", "DescribeDBInstances", false, `{"dBInstanceIdentifier":"db-%08x"}`, ""},
	{"cloudformation", "DescribeStacks", false, `{"stackName":"web-%08x"}`, ""},
}

// who is a caller.
type who struct{ account, region, identity, actor string }

// userIdentity writes the identity of a user of an account.
func userIdentity(account, name string, mfa bool) string {
	return fmt.Sprintf(`{"type":"IAMUser","principalId":"AIDA%s","arn":"arn:aws:iam::%s:user/%s","accountId":"%s","accessKeyId":"ASIA%s","userName":"%s","sessionContext":{"attributes":{"creationDate":"2026-01-01T06:00:00Z","mfaAuthenticated":"%t"}}}`,
		key(account, name), account, name, account, key(name, account), name, mfa)
}

func roleIdentity(account, role, session string) string {
	id := key(account, role)
	return fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROA%s:%s","arn":"arn:aws:sts::%s:assumed-role/%s/%s","accountId":"%s","accessKeyId":"ASIA%s","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%s","arn":"arn:aws:iam::%s:role/%s","accountId":"%s","userName":"%s"},"webIdFederationData":{},"attributes":{"creationDate":"2026-01-01T06:00:00Z","mfaAuthenticated":"false"}}}`,
		id, session, account, role, session, account, key(session, account), id, account, role, account, role)
}

// key looks like the random part of an AWS id, and depends on its arguments alone.
func key(a, b string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := uint64(14695981039346656037)
	for _, c := range []byte(a + "/" + b) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	id := make([]byte, 16)
	for i := range id {
		h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
		id[i] = letters[h>>59]
	}
	return string(id)
}

// callers are all that call every day.
func callers() []who {
	var all []who
	for i, a := range accounts {
		for k, u := range users {
			if k%len(accounts) == i || i == 0 {
				all = append(all, who{account: a, identity: userIdentity(a, u, true), actor: "arn:aws:iam::" + a + ":user/" + u})
			}
		}
		for _, r := range roles {
			for s := range 4 {
				session := fmt.Sprintf("%s-%d", r, s)
				all = append(all, who{account: a, identity: roleIdentity(a, r, session), actor: "arn:aws:sts::" + a + ":assumed-role/" + r + "/" + session})
			}
		}
		for _, s := range awsServices {
			all = append(all, who{account: a, identity: fmt.Sprintf(`{"type":"AWSService","invokedBy":"%s"}`, s), actor: s})
		}
	}
	return all
}

func address(rng *rand.Rand) string {
	return fmt.Sprintf([...]string{"192.0.2.%d", "198.51.100.%d"}[rng.IntN(2)], 1+rng.IntN(254))
}
