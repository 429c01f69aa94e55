package ingest

import "time"

// The columns of cloudtrail, in the order of the table. Those before
// ctColumns take their values from the slicer's fields of the same numbers;
// the names behind it are fields of the slicer that are no columns.
const (
	ctEventSource = iota
	ctEventName
	ctRegion
	ctSourceIP
	ctUserAgent
	ctErrorCode
	ctErrorMessage
	ctRequestID
	ctEventType
	ctEventCategory
	ctRecipient
	ctEventVersion
	ctSharedEventID
	ctType
	ctPrincipal
	ctARN
	ctAccount
	ctAccessKey
	ctUser
	ctInvokedBy
	ctIssuerARN
	ctIssuerName
	ctMFA
	ctIdentity // from here on JSON text
	ctRequest
	ctResponse
	ctAdditional
	ctResources
	ctTLS
	ctReadOnly // from here on made by hand
	ctManagement
	ctActor
	ctResource
	ctSuccess
	ctExtra
	ctRequestUUID
	ctColumns

	ctTime     = ctActor    // eventTime
	ctID       = ctResource // eventID
	ctInsight  = ctSuccess  // insightDetails
	ctLogin    = ctExtra    // responseElements.ConsoleLogin
	ctTargets  = ctColumns  // requestParameters: what the call was about, best first
	ctTargets1 = ctTargets + len(requestTargets)

	ctIssuerPrincipal = ctRequestUUID // userIdentity.sessionContext.sessionIssuer.principalId
)

// requestTargets are the request parameters that name what a call is about,
// where the record lists no resources; the first that is there wins.
var requestTargets = [...]string{
	"bucketName", "functionName", "instanceId", "groupId", "keyId", "secretId", "roleName", "userName",
	"dBInstanceIdentifier", "policyArn", "groupName", "trailName", "name", "resourceArn",
}

// cloudTrail declares the logstore of AWS CloudTrail. eventTime and eventID lie
// in the system columns time and id.
func cloudTrail() *Logstore {
	return &Logstore{
		Name: "cloudtrail", Lateness: 15 * time.Minute, Columns: cloudTrailColumns(), Fields: cloudTrailFields(),
		Wholes: []Whole{
			{Name: "request_id", Kept: "request_text", UUID: "request_uuid"},
			{Name: "user_identity", Kept: "identity_shape", Holes: identityHoles()},
		},
	}
}

func cloudTrailColumns() []Column {
	c := make([]Column, ctColumns)
	for i, name := range []string{
		"event_source", "event_name", "aws_region", "source_ip", "user_agent", "error_code", "error_message", "request_text", "event_type",
		"event_category", "recipient_account", "event_version", "shared_event_id", "ui_type", "ui_principal", "ui_arn", "ui_account",
		"ui_access_key", "ui_user", "ui_invoked_by", "issuer_arn", "issuer_name", "mfa", "identity_shape", "request_parameters",
		"response_elements", "additional_event_data", "resources", "tls_details", "read_only", "mgmt", "actor", "resource", "success", "extra", "request_uuid",
	} {
		c[i] = Column{Name: name, Zstd: i >= ctRequest && i <= ctTLS || i == ctExtra}
	}
	c[ctRequestUUID].Kind = UUID
	for _, i := range []int{ctReadOnly, ctManagement, ctSuccess} {
		c[i].Kind = Boolean
	}
	return c
}

func cloudTrailFields() []Field {
	f := append(systemFields(),
		Field{Name: "@actor", Column: "actor", Caller: true, Doc: "who: ARN, else user name, service or principal"},
		Field{Name: "@action", Column: "event_name", Doc: "what was called"},
		Field{Name: "@resource", Column: "resource", Doc: "what it was about: the first resource, else what the request names"},
		Field{Name: "@account", Column: "recipient_account", Doc: "account in which it happened"},
		Field{Name: "@region", Column: "aws_region", Doc: "region"},
		Field{Name: "@source_ip", Column: "source_ip", Doc: "from where: an address, or the name of a service"},
		Field{Name: "@success", Column: "success", Type: BooleanField, Doc: "false when it ended in an error or a failed login"},
		Field{Name: "eventTime", Column: "time", Type: TimeField, Doc: "when the call was complete, UTC"},
		Field{Name: "eventID", Column: "id", Doc: "id of the event"},
		Field{Name: "userAgent", Column: "user_agent", Match: Tokens, Caller: true, Doc: "program that called"},
		Field{Name: "errorMessage", Column: "error_message", Match: Tokens, Doc: "why it failed"},
		Field{Name: "readOnly", Column: "read_only", Type: BooleanField, Doc: "true for a call that changes nothing"},
		Field{Name: "managementEvent", Column: "mgmt", Type: BooleanField, Doc: "true for a management event"},
	)
	for _, x := range [][3]string{
		{"eventSource", "event_source", "service, such as iam.amazonaws.com"},
		{"eventName", "event_name", "the call"},
		{"awsRegion", "aws_region", "region"},
		{"sourceIPAddress", "source_ip", "an address, or the name of a service"},
		{"errorCode", "error_code", "such as AccessDenied; absent when it succeeded"},
		{"requestID", "request_id", "id of the request"},
		{"eventType", "event_type", "such as AwsApiCall or AwsConsoleSignIn"},
		{"eventCategory", "event_category", "Management, Data, NetworkActivity or Insight"},
		{"recipientAccountId", "recipient_account", "account that got the event"},
		{"eventVersion", "event_version", "version of the record"},
		{"sharedEventID", "shared_event_id", "the same for one action seen by two accounts"},
		{"userIdentity.type", "ui_type", "Root, IAMUser, AssumedRole, AWSService, …"},
		{"userIdentity.accountId", "ui_account", "account of the caller"},
		{"userIdentity.accessKeyId", "ui_access_key", "access key"},
		{"userIdentity.userName", "ui_user", "user name"},
		{"userIdentity.invokedBy", "ui_invoked_by", "service that called for somebody"},
		{"userIdentity.sessionContext.sessionIssuer.arn", "issuer_arn", "role of the session"},
		{"userIdentity.sessionContext.sessionIssuer.userName", "issuer_name", "name of the role"},
		{"userIdentity.sessionContext.attributes.mfaAuthenticated", "mfa", `text: "true" or "false"`},
	} {
		f = append(f, Field{Name: x[0], Column: x[1], Doc: x[2]})
	}
	f = append(f,
		Field{Name: "userIdentity.arn", Column: "ui_arn", Caller: true, Doc: "ARN of the caller; of an assumed role it ends in the session name"},
		Field{Name: "userIdentity.principalId", Column: "ui_principal", Caller: true, Doc: "principal; of an assumed role it ends in the session name"},
		Field{Name: "userIdentity.sessionContext.sourceIdentity", Column: "user_identity", Path: []string{"sessionContext", "sourceIdentity"}, Caller: true, Doc: "identity that the caller stated"},
	)
	for _, x := range [][3]string{
		{"userIdentity", "user_identity", "the caller"},
		{"requestParameters", "request_parameters", "what was asked for"},
		{"responseElements", "response_elements", "what came back"},
		{"additionalEventData", "additional_event_data", "such as MFAUsed"},
		{"resources", "resources", "resources: ARN, accountId, type"},
		{"tlsDetails", "tls_details", "version and cipher"},
		{"extra", "extra", "every other key of the record"},
	} {
		f = append(f, Field{Name: x[0], Column: x[1], Type: JSONField, Open: true, Doc: x[2]})
	}
	for _, name := range []string{"serviceEventDetails", "addendum", "eventContext", "edgeDeviceDetails", "insightDetails"} {
		f = append(f, Field{Name: name, Column: "extra", Path: []string{name}, Type: JSONField, Open: true, Doc: "as CloudTrail writes it"})
	}
	for _, name := range []string{"apiVersion", "vpcEndpointId", "vpcEndpointAccountId", "sessionCredentialFromConsole"} {
		f = append(f, Field{Name: name, Column: "extra", Path: []string{name}, Doc: "as CloudTrail writes it"})
	}
	return f
}
