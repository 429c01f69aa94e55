CREATE TABLE cloudtrail (seq BIGINT, time TIMESTAMP, ingest_time TIMESTAMP, topic VARCHAR, source VARCHAR, tenant VARCHAR,
 event_name VARCHAR, event_source VARCHAR, error_code VARCHAR, error_message VARCHAR, user_agent VARCHAR, source_ip VARCHAR, read_only BOOLEAN,
 cnt BIGINT, score DOUBLE, ui_arn VARCHAR, user_identity VARCHAR, request_parameters VARCHAR, resources VARCHAR, extra VARCHAR, actor VARCHAR, success BOOLEAN, account VARCHAR);
INSERT INTO cloudtrail VALUES
 (1, '2026-11-20 10:00:00.25', '2026-11-20 10:05:00', 'cloudtrail', 'a', 't', 'StopLogging', 'cloudtrail.amazonaws.com', NULL, NULL, 'aws-cli/2.0 Python/3', '10.1.2.3', false, 1, 0.5, 'arn:aws:iam::1:user/admin', '{"type":"IAMUser","arn":"arn:aws:iam::1:user/admin"}', '{"name":"trail-1"}', NULL, '{"apiVersion":"1.0","retries":3,"__tag__:__client_ip__":"192.0.2.1","file info":"apsara core","owner_id":"150","q":"x \"y\" z"}', 'admin', true, '111'),
 (2, '2026-11-20 10:01:00', '2026-11-20 10:05:00', 'cloudtrail', 'a', 't', 'DeleteTrail', 'cloudtrail.amazonaws.com', 'AccessDenied', 'User: arn:aws:iam::1:user/bob is not authorized', 'console.amazonaws.com', '192.0.2.7', false, 2, 1.5, 'arn:aws:iam::1:user/bob', '{"type":"IAMUser"}', '{"name":null}', NULL, NULL, 'bob', false, '111'),
 (3, '2026-11-20 10:02:00', '2026-11-20 10:05:00', 'cloudtrail', 'a', 't', 'GetObject', 's3.amazonaws.com', NULL, NULL, 'Boto3/1 (linux)', '2001:db8::1', true, 3, NULL, NULL, '{"type":"AWSService"}', '{"bucketName":"b1","key":"K","size":22}', '[{"accountId":"111","type":"a"},{"accountId":"222"}]', '{"retries":"many"}', 's3', true, '222'),
 (4, '2026-11-20 10:03:00', '2026-11-20 10:05:00', 'cloudtrail', 'b', 't', 'GetObject', 's3.amazonaws.com', NULL, NULL, NULL, 's3.amazonaws.com', true, NULL, -2.5, NULL, NULL, '{"bucketName":"B2","size":"7","tags":[{"k":"Env","v":["x","y"]},[{"k":"deep"}]]}', '[]', NULL, NULL, true, NULL),
 (5, '2026-11-20 10:04:00', '2026-11-20 10:05:00', 'cloudtrail', 'b', 't', 'AuthorizeSecurityGroupIngress', 'ec2.amazonaws.com', '', '', 'aws-cli/2.0', '10.200.0.1', NULL, 5, 2, NULL, '{"sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}', '{"ipPermissions":{"items":[{"fromPort":22,"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"},{"cidrIp":"10.0.0.0/8"}]}},{"fromPort":443}]},"x-y":{"a.b":1},"on":true}', NULL, NULL, 'ops', true, '333'),
 (6, '2026-11-20 10:05:00', '2026-11-20 10:05:00', 'cloudtrail', 'b', 't', 'RunInstances', 'ec2.amazonaws.com', NULL, NULL, 'x', NULL, false, 5, 2.25, NULL, '{"type":"IAMUser"', '{"a":1,"a":2,"note":"caf\u00e9 \u0041lert\nnext line","big":1e999,"o":{"p": 1, "q":[1]}}', NULL, NULL, 'ops', false, '111');
CREATE TABLE findings (seq BIGINT, time TIMESTAMP, ingest_time TIMESTAMP, topic VARCHAR, source VARCHAR, tenant VARCHAR, status VARCHAR, check_item VARCHAR, instance_type VARCHAR, asff_status VARCHAR, severity VARCHAR, native_severity VARCHAR, account VARCHAR);
INSERT INTO findings VALUES
 (1, '2026-11-20 10:00:00', '2026-11-20 10:05:00', 'sas-cspm-log', '', '', 'NOT_PASS', 'port 22 open', 'ECS', NULL, 'high', 'HIGH', '111'),
 (2, '2026-11-20 10:00:01', '2026-11-20 10:05:00', 'sas-cspm-log', '', '', 'NOT_PASS', 'port 22 open', 'ECS', NULL, 'high', 'HIGH', '222'),
 (3, '2026-11-20 10:00:02', '2026-11-20 10:05:00', 'sas-cspm-log', '', '', 'NOT_PASS', 'bucket public', 'OSS', NULL, 'low', 'LOW', '222'),
 (4, '2026-11-20 10:00:03', '2026-11-20 10:05:00', 'sas-cspm-log', '', '', 'PASS', 'fine', 'OSS', NULL, 'low', 'LOW', '333'),
 (5, '2026-11-20 10:00:04', '2026-11-20 10:05:00', 'asff', '', '', NULL, 'バケットの公開設定', NULL, 'FAILED', 'low', NULL, NULL);
CREATE TABLE accounts (account VARCHAR, name VARCHAR, owner VARCHAR, criticality BIGINT);
INSERT INTO accounts VALUES
 ('111', 'prod', 'ami', 3),
 ('222', 'dev', 'ben', 1),
 ('444', 'lab', NULL, NULL),
 (NULL, 'orphan', 'eve', 2);
