package sample

import (
	"fmt"
	"slices"
	"time"
)

// The planted incidents, and the records that tell of them.

// intruder is where the planted incidents come from.
const intruder = "203.0.113.66"

// plantCloudTrail returns the records of the planted incidents in the order of
// their times, and names them in the manifest.
func plantCloudTrail(w *writer, o Options) []record {
	if o.Quiet {
		return nil
	}
	var all []record
	for _, plant := range []func(Options) (Incident, []record){plantFailedLogins, plantLogin, plantRoot, plantTrail, plantGroup} {
		i, records := plant(o)
		i.Logstore, i.Records, i.At = "cloudtrail", len(records), records[0].at
		i.Account, i.Region = records[0].who.account, records[0].who.region
		w.m.plant(i)
		all = append(all, records...)
	}
	slices.SortStableFunc(all, func(a, b record) int { return a.at.Compare(b.at) })
	return all
}

// plantFailedLogins: somebody tries passwords of one user, every 17 seconds.
func plantFailedLogins(o Options) (Incident, []record) {
	const first, gap = 95 * time.Minute, 17 * time.Second
	w := who{
		account: accounts[0], region: "us-east-1", actor: "arn:aws:iam::" + accounts[0] + ":user/hiro",
		identity: fmt.Sprintf(`{"type":"IAMUser","principalId":"AIDA%s","accountId":"%s","accessKeyId":"","userName":"hiro"}`, key(accounts[0], "hiro"), accounts[0]),
	}
	var all []record
	for i := range 14 {
		r := login(o.before(first-time.Duration(i)*gap), w, intruder)
		r.who = w
		r.response, r.error = `{"ConsoleLogin":"Failure"}`, "Failed authentication"
		r.errorCode = ""
		r.additional = `{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No"}`
		all = append(all, r)
	}
	return Incident{
		Kind: "failed-logins", Actor: "hiro", What: "14 failed console logins of hiro from " + intruder + " in four minutes",
		Query: "eventName:ConsoleLogin and responseElements.ConsoleLogin:Failure",
	}, all
}

// plantLogin: one of the passwords was right, and there is no second factor.
func plantLogin(o Options) (Incident, []record) {
	w := who{account: accounts[0], region: "us-east-1", identity: userIdentity(accounts[0], "hiro", false), actor: "arn:aws:iam::" + accounts[0] + ":user/hiro"}
	r := login(o.before(88*time.Minute), w, intruder)
	r.additional = `{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No"}`
	return Incident{
		Kind: "login-without-mfa", Actor: w.actor, What: "hiro logged in to the console without a second factor from " + intruder,
		Query: "eventName:ConsoleLogin and additionalEventData.MFAUsed:No and responseElements.ConsoleLogin:Success and userIdentity.type:IAMUser",
	}, []record{r}
}

// plantRoot: the root user of another account logs in.
func plantRoot(o Options) (Incident, []record) {
	a := accounts[1]
	w := who{
		account: a, region: "us-east-1", actor: "arn:aws:iam::" + a + ":root",
		identity: fmt.Sprintf(`{"type":"Root","principalId":"%s","arn":"arn:aws:iam::%s:root","accountId":"%s","accessKeyId":""}`, a, a, a),
	}
	r := login(o.before(52*time.Minute), w, intruder)
	r.who = w
	return Incident{
		Kind: "root-login", Actor: w.actor, What: "the root user of " + a + " logged in from " + intruder,
		Query: "eventName:ConsoleLogin and userIdentity.type:Root",
	}, []record{r}
}

// plantTrail: CloudTrail is stopped.
func plantTrail(o Options) (Incident, []record) {
	w := who{account: accounts[0], region: "us-east-1", identity: userIdentity(accounts[0], "hiro", false), actor: "arn:aws:iam::" + accounts[0] + ":user/hiro"}
	r := record{
		at: o.before(41 * time.Minute), who: w, service: "cloudtrail", name: "StopLogging", kind: "AwsApiCall", ip: intruder, agent: agents[0],
		params: fmt.Sprintf(`{"name":"arn:aws:cloudtrail:us-east-1:%s:trail/org-trail"}`, accounts[0]), response: "null",
	}
	return Incident{
		Kind: "trail-stopped", Actor: w.actor, What: "hiro stopped the trail org-trail",
		Query: "eventName:(StopLogging or DeleteTrail) and not errorCode:*",
	}, []record{r}
}

// plantGroup: SSH is opened to the world.
func plantGroup(o Options) (Incident, []record) {
	w := who{account: accounts[0], region: "ap-northeast-1", identity: userIdentity(accounts[0], "hiro", false), actor: "arn:aws:iam::" + accounts[0] + ":user/hiro"}
	r := record{
		at: o.before(28 * time.Minute), who: w, service: "ec2", name: "AuthorizeSecurityGroupIngress", kind: "AwsApiCall", ip: intruder, agent: agents[0],
		params:   `{"groupId":"sg-0badc0de","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`,
		response: `{"requestId":"0badc0de","_return":true}`,
	}
	return Incident{
		Kind: "open-security-group", Actor: w.actor, What: "hiro opened port 22 of sg-0badc0de to 0.0.0.0/0",
		Query: `eventName:AuthorizeSecurityGroupIngress and requestParameters.ipPermissions.items.ipRanges.items.cidrIp:"0.0.0.0/0"`,
	}, []record{r}
}
