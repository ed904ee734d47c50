package trees

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timedOut is the failure of who waited for the operation, as its library
// reports it in that language, after patience (ns). Types and messages are those
// that the libraries raise: net/http, grpc-go, database/sql; java.net, pgjdbc,
// Lettuce; requests, grpcio, psycopg, redis-py; and so on.
func (op *operation) timedOut(lang string, patience int64) failure {
	f := failure{timeout: true}
	wait := time.Duration(patience)
	ms, seconds := strconv.FormatInt(max(1, wait.Milliseconds()), 10), strconv.FormatFloat(wait.Seconds(), 'f', -1, 64)
	host := op.service.name + ".internal"
	switch op.class {
	case web:
		f.typ = byLanguage(lang, "*url.Error", "java.net.SocketTimeoutException", "requests.exceptions.ReadTimeout", "TimeoutError", "Net::ReadTimeout", "System.Threading.Tasks.TaskCanceledException", `GuzzleHttp\Exception\ConnectException`)
		f.message = byLanguage(lang,
			op.goRequest(host)+": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
			"Read timed out",
			"HTTPConnectionPool(host='"+host+"', port=80): Read timed out. (read timeout="+seconds+")",
			"The operation was aborted due to timeout",
			"Net::ReadTimeout with #<TCPSocket:(closed)>",
			"The request was canceled due to the configured HttpClient.Timeout of "+seconds+" seconds elapsing.",
			"cURL error 28: Operation timed out after "+ms+" milliseconds with 0 bytes received")
	case rpc:
		f.typ = byLanguage(lang, "*status.Error", "io.grpc.StatusRuntimeException", "grpc._channel._InactiveRpcError", "Error", "GRPC::DeadlineExceeded", "Grpc.Core.RpcException", "Exception")
		f.message = byLanguage(lang,
			"rpc error: code = DeadlineExceeded desc = context deadline exceeded",
			fmt.Sprintf("DEADLINE_EXCEEDED: deadline exceeded after %.9fs", wait.Seconds()),
			`<_InactiveRpcError of RPC that terminated with: status = StatusCode.DEADLINE_EXCEEDED details = "Deadline Exceeded">`,
			"4 DEADLINE_EXCEEDED: Deadline exceeded",
			"4:Deadline Exceeded",
			`Status(StatusCode="DeadlineExceeded", Detail="")`,
			"Deadline Exceeded")
	case sql:
		f.typ = byLanguage(lang, "context.deadlineExceededError", "org.postgresql.util.PSQLException", "psycopg.errors.QueryCanceled", "Error", "ActiveRecord::QueryCanceled", "Npgsql.NpgsqlException", "PDOException")
		f.message = byLanguage(lang,
			"context deadline exceeded",
			"ERROR: canceling statement due to user request",
			"canceling statement due to statement timeout",
			"Query read timeout",
			"PG::QueryCanceled: ERROR:  canceling statement due to statement timeout",
			"Exception while reading from stream",
			"SQLSTATE[57014]: Query canceled: 7 ERROR:  canceling statement due to statement timeout")
	case cache, store, queue:
		f.typ = byLanguage(lang, "context.deadlineExceededError", "io.lettuce.core.RedisCommandTimeoutException", "redis.exceptions.TimeoutError", "Error", "Redis::TimeoutError", "StackExchange.Redis.RedisTimeoutException", "RedisException")
		if op.class != cache {
			f.typ = byLanguage(lang, "context.deadlineExceededError", "java.util.concurrent.TimeoutException", "TimeoutError", "TimeoutError", "Timeout::Error", "System.TimeoutException", "RuntimeException")
		}
		f.message = byLanguage(lang,
			"context deadline exceeded",
			"Command timed out after "+ms+" millisecond(s)",
			"Timeout reading from socket",
			"Command timed out",
			"execution expired",
			"Timeout performing the operation ("+ms+"ms)",
			"read error on connection")
	default:
		f.typ = byLanguage(lang, "context.deadlineExceededError", "java.util.concurrent.TimeoutException", "TimeoutError", "TimeoutError", "Timeout::Error", "System.TimeoutException", "RuntimeException")
		f.message = byLanguage(lang, "context deadline exceeded", "Timed out after "+ms+" ms", "timed out", "Timed out after "+ms+"ms", "execution expired", "The operation has timed out.", "timed out")
	}
	return f
}

// goRequest is how net/http's errors name a request.
func (op *operation) goRequest(host string) string {
	method, path := "Get", "/"
	resource := op.resource.pattern
	if resource == "" {
		resource = op.resource.values[0]
	}
	if m, p, ok := strings.Cut(resource, " "); ok && m != "" && strings.ToUpper(m) == m {
		method, path = m[:1]+strings.ToLower(m[1:]), p
	}
	return fmt.Sprintf("%s %q", method, "http://"+host+path)
}
