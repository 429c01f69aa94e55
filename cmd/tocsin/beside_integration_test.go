//go:build integration

package main

import "testing"

// TestIntegrationBesideSame gives every verb where an agent runs and where none does:
// the same outputs and exit statuses, byte for byte but for moments.
func TestIntegrationBesideSame(t *testing.T) { besideSame(t, besideCases) }

// besideCases are command lines as besideOnce takes them, in their order.
var besideCases = []string{
	"status",
	"query -l cloudtrail --all -o csv ~ * | SELECT eventName, count(*) AS n GROUP BY eventName ORDER BY n, eventName",
	"query -l cloudtrail --all -o table ~ userIdentity.userName in $people | SELECT count(*) AS n",
	"query ~ eventName:((",
	"query -l nothing ~ *",
	"query -l cloudtrail ~ eventName:Nothing",
	"query --alert $ALERT -o csv",
	"query --explain -l cloudtrail ~ eventName:Get*",
	"query -l __alerts__ --all -o ndjson ~ * | SELECT rule, severity",
	"alerts",
	"alerts -o table",
	"alerts show $ALERT",
	"alerts show A-0000",
	"why $ALERT",
	"why stops@never",
	"outbox list --state all",
	"outbox show 1",
	"outbox show 99",
	"outbox drop 1 --reason no",
	"deadletters list -o csv",
	"deadletters show 4",
	"deadletters retry --all",
	"deadletters drop 4 99",
	"deadletters drop --all",
	"gaps -o csv",
	"gaps drop nobody",
	"preview stops",
	"preview nobody",
	"ack $ALERT --by ami --note called",
	"ack A-0000",
	"alerts show $ALERT",
	"ack --undo $ALERT",
	"ack --by me $ALERT",
	"load more.json",
	"load more.json absent.json",
	"load in",
	"load ./in/../more.json --again",
	"load --columns absent.yaml more.json",
	"load - < typed.json",
	"load - < typed.json",
	"load --time-zone Nowhere more.json",
	"query -l cloudtrail --all -o csv ~ * | SELECT eventID FROM log ORDER BY 1",
	"shell -l cloudtrail --all -o csv < statements.txt",
	"export parquet lake -l cloudtrail --all",
	"export parquet lake -l cloudtrail --all",
	"backup safe",
	"backup safe",
	"backup tocsin-data/inside",
	"gaps fill nobody",
	"gaps fill daily",
	"gaps fill",
	"gaps",
	"status --unknown",
	"query -l cloudtrail",
}
