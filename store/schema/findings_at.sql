-- The findings as they stood at a __seq__: the current versions that had begun
-- by then, and those that ended after it; with the later scans of their scanner
-- and account that were known then.
CREATE OR REPLACE MACRO findings_at(s) AS TABLE
SELECT v.*, coalesce(m.missed, 0) AS missed, m.last_scan
FROM (
    SELECT * FROM log_findings_now WHERE seq <= s
    UNION ALL BY NAME
    SELECT f.* EXCLUDE (seq, first_seen, last_seen, change, failed_before), p.* EXCLUDE (until)
    FROM findings_past p JOIN log_findings f ON f.seq = p.of_seq
    WHERE p.seq <= s AND p.until > s
) v LEFT JOIN (
    SELECT scanner, account, run_at,
        count(*) OVER (PARTITION BY scanner, account ORDER BY run_at DESC) - 1 AS missed,
        max(run_at) OVER (PARTITION BY scanner, account) AS last_scan
    FROM scans WHERE seq <= s
) m ON m.scanner = v.scanner AND m.account = coalesce(v.account, '') AND m.run_at = date_trunc('second', v.last_seen)
