package ingest

// The top-level names of the formats of findings, so that a misspelt one is a
// mistake that can be told.

// natives are native top-level names of one type.
type natives struct {
	doc   string
	kind  FieldType
	match Match
	names []string
}

// nativeFindings are the top-level fields of the formats. Where two formats have
// one name, it is declared once, as an open object if it is one in either.
func nativeFindings() []natives {
	var all []natives
	for _, of := range []func() []natives{cspmNatives, asffNatives, ocsfNatives, prowlerNatives, guardDutyNatives, prismaNatives, qualysNatives} {
		all = append(all, of()...)
	}
	return all
}

func cspmNatives() []natives {
	const doc = "Alibaba Security Center"
	return []natives{
		{doc: doc, names: []string{
			"check_id", "check_type", "instance_id", "instance_name", "instance_result", "instance_sub_type", "instance_type", "owner_id", "region_id",
			"requirement_id", "risk_level", "section_id", "standard_id", "start_time", "status", "tags", "vendor",
		}},
		{doc: doc, match: Tokens, names: []string{"check_item_name", "advice"}},
	}
}

func asffNatives() []natives {
	const doc = "AWS Security Hub (ASFF)"
	return []natives{
		{doc: doc, names: []string{
			"AwsAccountId", "AwsAccountName", "CompanyName", "CreatedAt", "FirstObservedAt", "GeneratorId", "Id", "LastObservedAt", "ProcessedAt",
			"ProductArn", "ProductName", "RecordState", "Region", "SchemaVersion", "SourceUrl", "UpdatedAt", "VerificationState", "WorkflowState",
		}},
		{doc: doc, match: Tokens, names: []string{"Title", "Description"}},
		{doc: doc, kind: IntegerField, names: []string{"Confidence", "Criticality"}},
		{doc: doc, kind: BooleanField, names: []string{"Sample"}},
		{doc: doc, kind: JSONField, names: []string{
			"Action", "Compliance", "Detection", "FindingProviderFields", "GeneratorDetails", "Malware", "Network", "NetworkPath", "Note", "PatchSummary",
			"Process", "ProductFields", "RelatedFindings", "Remediation", "Resources", "Severity", "ThreatIntelIndicators", "Threats", "Types",
			"UserDefinedFields", "Vulnerabilities", "Workflow",
		}},
	}
}

func ocsfNatives() []natives {
	const doc = "OCSF"
	return []natives{
		{doc: doc, names: []string{
			"action", "activity_name", "category_name", "class_name", "confidence", "disposition", "event_time", "impact", "priority", "raw_data",
			"severity", "src_url", "state", "status_code", "time_dt", "type_name", "start_time_dt", "end_time_dt", "verdict",
		}},
		{doc: doc, match: Tokens, names: []string{"comment", "message", "risk_details", "status_detail"}},
		{doc: doc, kind: IntegerField, names: []string{
			"action_id", "activity_id", "category_uid", "class_uid", "confidence_id", "confidence_score", "count", "disposition_id", "duration", "end_time",
			"impact_id", "impact_score", "priority_id", "raw_data_size", "risk_level_id", "risk_score", "severity_id", "state_id", "status_id", "time",
			"timezone_offset", "type_uid", "verdict_id",
		}},
		{doc: doc, kind: BooleanField, names: []string{"is_alert", "is_suspected_breach"}},
		{doc: doc, kind: JSONField, names: []string{
			"actor", "analytic", "anomaly_analyses", "api", "assignee", "assignee_group", "attacks", "authorizations", "cis_csc", "cloud", "compliance",
			"data_sources", "device", "dst_endpoint", "enrichments", "evidence", "evidences", "finding", "finding_info", "finding_info_list",
			"firewall_rule", "kill_chain", "malware", "malware_scan_info", "metadata", "observables", "osint", "policy", "process", "profiles",
			"raw_data_hash", "related_events", "remediation", "resource", "resources", "src_endpoint", "ticket", "tickets", "unmapped",
			"vendor_attributes", "vulnerabilities",
		}},
	}
}

func prowlerNatives() []natives {
	const csv, json = "Prowler, CSV", "Prowler 3, JSON"
	return []natives{
		{doc: csv, names: []string{
			"AUTH_METHOD", "TIMESTAMP", "ACCOUNT_UID", "ACCOUNT_NAME", "ACCOUNT_EMAIL", "ACCOUNT_ORGANIZATION_UID", "ACCOUNT_ORGANIZATION_NAME",
			"ACCOUNT_OU_UID", "ACCOUNT_OU_NAME", "FINDING_UID", "PROVIDER", "CHECK_ID", "STATUS", "MUTED", "SERVICE_NAME", "SUBSERVICE_NAME", "SEVERITY",
			"RESOURCE_TYPE", "RESOURCE_UID", "RESOURCE_NAME", "RESOURCE_DETAILS", "PARTITION", "REGION", "RELATED_URL", "REMEDIATION_RECOMMENDATION_URL",
			"REMEDIATION_CODE_NATIVEIAC", "REMEDIATION_CODE_TERRAFORM", "REMEDIATION_CODE_CLI", "REMEDIATION_CODE_OTHER", "PROWLER_VERSION",
		}},
		{doc: csv + " of 3", names: []string{
			"ASSESSMENT_START_TIME", "FINDING_UNIQUE_ID", "PROFILE", "ACCOUNT_ID", "ACCOUNT_ARN", "ACCOUNT_ORG", "RESOURCE_ID", "RESOURCE_ARN",
			"REMEDIATION_RECOMMENDATION_CODE_NATIVEIAC", "REMEDIATION_RECOMMENDATION_CODE_TERRAFORM", "REMEDIATION_RECOMMENDATION_CODE_CLI",
			"REMEDIATION_RECOMMENDATION_CODE_OTHER", "TENANT_DOMAIN", "SUBSCRIPTION", "PROJECT_ID", "LOCATION",
		}},
		{doc: csv, match: Tokens, names: []string{
			"ACCOUNT_TAGS", "CHECK_TITLE", "CHECK_TYPE", "STATUS_EXTENDED", "RESOURCE_TAGS", "DESCRIPTION", "RISK", "REMEDIATION_RECOMMENDATION_TEXT",
			"COMPLIANCE", "CATEGORIES", "DEPENDS_ON", "RELATED_TO", "NOTES", "ADDITIONAL_URLS",
		}},
		{doc: json, names: []string{
			"AssessmentStartTime", "FindingUniqueId", "Provider", "Profile", "AccountId", "CheckID", "ServiceName", "SubServiceName", "Status",
			"ResourceId", "ResourceArn", "ResourceName", "ResourceType", "ResourceDetails", "RelatedUrl", "Tenant_Domain", "Subscription", "ProjectId",
			"Location",
		}},
		{doc: json, match: Tokens, names: []string{"CheckTitle", "StatusExtended", "Risk", "Notes"}},
		{doc: json, kind: JSONField, names: []string{"CheckType", "OrganizationsInfo", "ResourceTags", "Tags", "Categories", "DependsOn", "RelatedTo"}},
	}
}

// guardDutyNatives are the names in both spellings but for those that another
// format has: severity and confidence are numbers here, and texts in OCSF.
func guardDutyNatives() []natives {
	const doc = "AWS GuardDuty"
	return []natives{
		{doc: doc, names: []string{
			"accountId", "arn", "createdAt", "id", "partition", "region", "schemaVersion", "type", "updatedAt", "associatedAttackSequenceArn",
			"Arn", "Partition", "Type", "AssociatedAttackSequenceArn",
		}},
		{doc: doc, match: Tokens, names: []string{"title", "description"}},
		{doc: doc, kind: JSONField, names: []string{"service", "Service", "Resource"}},
	}
}

func prismaNatives() []natives {
	const doc = "Prisma Cloud alert"
	return []natives{
		{doc: doc, names: []string{
			"reason", "policyId", "dismissedBy", "dismissalDuration", "triggeredBy", "saveSearchId", "appMetadata",
		}},
		{doc: doc, match: Tokens, names: []string{"dismissalNote"}},
		{doc: doc, kind: IntegerField, names: []string{
			"firstSeen", "lastSeen", "alertTime", "lastUpdated", "eventOccurred", "alertCount", "dismissalUntilTs",
		}},
		{doc: doc, kind: JSONField, names: []string{
			"alertAdditionalInfo", "alertAttribution", "alertRules", "anomalyDetail", "connectionDetails", "history", "investigateOptions", "riskDetail",
		}},
	}
}

// qualysNatives are the columns of the default map but for those that another
// format has, and the others of Qualys's API.
func qualysNatives() []natives {
	const doc = "Qualys TotalCloud"
	return []natives{
		{doc: doc, names: []string{
			"controlId", "CID", "Control ID", "result", "Result", "Evaluation Result", "criticality", "Control Criticality", "resourceId",
			"Resource ID", "Resource Id", "name", "Resource Name", "resourceType", "Resource Type", "Service Type", "Account ID",
			"Account Id", "Account", "remediationURL", "Remediation URL", "evaluatedOn", "Evaluated On", "Last Evaluated", "First Evaluated",
			"connectorId",
		}},
		{doc: doc, match: Tokens, names: []string{"controlName", "Control Name", "Control Title", "Control"}},
		{doc: doc, kind: JSONField, names: []string{"evaluationDates", "policyNames"}},
	}
}
