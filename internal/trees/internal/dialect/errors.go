package dialect

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrorType is error.type of a failure that the library reports.
func ErrorType(class Class, lang string) string {
	switch class {
	case SQL:
		return Pick(lang, "*pq.Error", "org.postgresql.util.PSQLException", "psycopg.errors.DeadlockDetected", "DatabaseError", "ActiveRecord::Deadlocked", "Npgsql.PostgresException", "PDOException")
	case Cache, Store, Queue:
		return Pick(lang, "*net.OpError", "java.net.SocketTimeoutException", "TimeoutError", "ReplyError", "Timeout::Error", "System.TimeoutException", "RedisException")
	case RPC:
		return Pick(lang, "*status.Error", "io.grpc.StatusRuntimeException", "grpc._channel._InactiveRpcError", "Error", "GRPC::Unavailable", "Grpc.Core.RpcException", "Exception")
	case Web:
		return Pick(lang, "*url.Error", "java.io.IOException", "requests.exceptions.ReadTimeout", "FetchError", "Faraday::TimeoutError", "System.Net.Http.HttpRequestException", `GuzzleHttp\Exception\ConnectException`)
	}
	return Pick(lang, "*errors.errorString", "java.lang.IllegalStateException", "ValueError", "TypeError", "ArgumentError", "System.InvalidOperationException", "RuntimeException")
}

// Call is what a client asks for.
type Call struct {
	Class              Class
	Method, Host, Path string // of a web request
}

// Timeout is error.type and error.message of a client that waited no longer, as
// the library reports it in that language. Types and messages are those
// that the libraries raise: net/http, grpc-go, database/sql; java.net, pgjdbc,
// Lettuce; requests, grpcio, psycopg, redis-py; and so on.
func (c Call) Timeout(lang string, patience time.Duration) (typ, message string) {
	ms, seconds := strconv.FormatInt(max(1, patience.Milliseconds()), 10), strconv.FormatFloat(patience.Seconds(), 'f', -1, 64)
	switch c.Class {
	case Web:
		typ = Pick(lang, "*url.Error", "java.net.SocketTimeoutException", "requests.exceptions.ReadTimeout", "TimeoutError", "Net::ReadTimeout", "System.Threading.Tasks.TaskCanceledException", `GuzzleHttp\Exception\ConnectException`)
		message = Pick(lang,
			c.inGo()+": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
			"Read timed out",
			"HTTPConnectionPool(host='"+c.Host+"', port=80): Read timed out. (read timeout="+seconds+")",
			"The operation was aborted due to timeout",
			"Net::ReadTimeout with #<TCPSocket:(closed)>",
			"The request was canceled due to the configured HttpClient.Timeout of "+seconds+" seconds elapsing.",
			"cURL error 28: Operation timed out after "+ms+" milliseconds with 0 bytes received")
	case RPC:
		typ = Pick(lang, "*status.Error", "io.grpc.StatusRuntimeException", "grpc._channel._InactiveRpcError", "Error", "GRPC::DeadlineExceeded", "Grpc.Core.RpcException", "Exception")
		message = Pick(lang,
			"rpc error: code = DeadlineExceeded desc = context deadline exceeded",
			fmt.Sprintf("DEADLINE_EXCEEDED: deadline exceeded after %.9fs", patience.Seconds()),
			`<_InactiveRpcError of RPC that terminated with: status = StatusCode.DEADLINE_EXCEEDED details = "Deadline Exceeded">`,
			"4 DEADLINE_EXCEEDED: Deadline exceeded",
			"4:Deadline Exceeded",
			`Status(StatusCode="DeadlineExceeded", Detail="")`,
			"Deadline Exceeded")
	case SQL:
		typ = Pick(lang, "context.deadlineExceededError", "org.postgresql.util.PSQLException", "psycopg.errors.QueryCanceled", "Error", "ActiveRecord::QueryCanceled", "Npgsql.NpgsqlException", "PDOException")
		message = Pick(lang,
			"context deadline exceeded",
			"ERROR: canceling statement due to user request",
			"canceling statement due to statement timeout",
			"Query read timeout",
			"PG::QueryCanceled: ERROR:  canceling statement due to statement timeout",
			"Exception while reading from stream",
			"SQLSTATE[57014]: Query canceled: 7 ERROR:  canceling statement due to statement timeout")
	case Cache, Store, Queue:
		typ = Pick(lang, "context.deadlineExceededError", "io.lettuce.core.RedisCommandTimeoutException", "redis.exceptions.TimeoutError", "Error", "Redis::TimeoutError", "StackExchange.Redis.RedisTimeoutException", "RedisException")
		if c.Class != Cache {
			typ = Pick(lang, "context.deadlineExceededError", "java.util.concurrent.TimeoutException", "TimeoutError", "TimeoutError", "Timeout::Error", "System.TimeoutException", "RuntimeException")
		}
		message = Pick(lang,
			"context deadline exceeded",
			"Command timed out after "+ms+" millisecond(s)",
			"Timeout reading from socket",
			"Command timed out",
			"execution expired",
			"Timeout performing the operation ("+ms+"ms)",
			"read error on connection")
	default:
		typ = Pick(lang, "context.deadlineExceededError", "java.util.concurrent.TimeoutException", "TimeoutError", "TimeoutError", "Timeout::Error", "System.TimeoutException", "RuntimeException")
		message = Pick(lang, "context deadline exceeded", "Timed out after "+ms+" ms", "timed out", "Timed out after "+ms+"ms", "execution expired", "The operation has timed out.", "timed out")
	}
	return typ, message
}

// inGo is how net/http's errors name a request.
func (c Call) inGo() string {
	return fmt.Sprintf("%s %q", c.Method[:1]+strings.ToLower(c.Method[1:]), "http://"+c.Host+c.Path)
}
