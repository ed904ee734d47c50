package dialect

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Request is what an operation is asked for.
type Request struct {
	Class              Class
	Serving            bool   // the failure is that of who serves a web request, not of who makes it
	Method, Host, Path string // of a web request
	Address            string // of a database or broker, host:port
}

// Failure is error.type, and error.message to choose from, of a request that
// fails of itself, as the library or the language reports it.
func (r Request) Failure(lang string) (typ string, messages []string) {
	texts := func(golang, java, python, node, ruby, dotnet, php string) []string {
		return strings.Split(Pick(lang, golang, java, python, node, ruby, dotnet, php), "|")
	}
	switch {
	case r.Class == SQL:
		return Pick(lang, "*pq.Error", "org.postgresql.util.PSQLException", "psycopg.errors.DeadlockDetected", "DatabaseError", "ActiveRecord::Deadlocked", "Npgsql.PostgresException", "PDOException"),
			[]string{"deadlock detected", "canceling statement due to statement timeout", "too many connections", "could not serialize access due to concurrent update"}
	case r.Class == Cache || r.Class == Store || r.Class == Queue:
		return Pick(lang, "*net.OpError", "java.net.SocketTimeoutException", "builtins.TimeoutError", "Error", "Timeout::Error", "System.TimeoutException", "RedisException"),
			texts("dial tcp "+r.Address+": i/o timeout|dial tcp "+r.Address+": connect: connection refused|read tcp "+r.Address+": read: connection reset by peer",
				"Read timed out|connect timed out", "timed out", "connect ECONNREFUSED "+r.Address+"|read ECONNRESET|connect ETIMEDOUT "+r.Address, "execution expired",
				"The operation has timed out.", "read error on connection")
	case r.Class == RPC:
		head := Pick(lang, "rpc error: code = Unavailable desc = ", "UNAVAILABLE: ", "StatusCode.UNAVAILABLE: ", "14 UNAVAILABLE: ", "14:", "StatusCode=Unavailable: ", "")
		return Pick(lang, "*status.Error", "io.grpc.StatusRuntimeException", "grpc._channel._InactiveRpcError", "Error", "GRPC::Unavailable", "Grpc.Core.RpcException", "Exception"),
			[]string{head + "connection refused", head + "transport is closing", head + "upstream connect error or disconnect/reset before headers", head + "no healthy upstream"}
	case r.Class == Web && !r.Serving:
		return Pick(lang, "*url.Error", "java.io.IOException", "requests.exceptions.ReadTimeout", "FetchError", "Faraday::TimeoutError", "System.Net.Http.HttpRequestException", `GuzzleHttp\Exception\ConnectException`),
			texts(r.inGo()+": EOF|"+r.inGo()+": read: connection reset by peer|"+r.inGo()+": connect: connection refused",
				"Connection reset by peer|Broken pipe|unexpected end of stream",
				"HTTPConnectionPool(host='"+r.Host+"', port=80): Read timed out. (read timeout=5)",
				"request to http://"+r.Host+r.Path+" failed, reason: connect ECONNREFUSED|request to http://"+r.Host+r.Path+" failed, reason: socket hang up",
				"Net::ReadTimeout with #<TCPSocket:(closed)>", "An error occurred while sending the request.",
				"cURL error 7: Failed to connect to "+r.Host+" port 80: Connection refused")
	}
	return Pick(lang, "*errors.errorString", "java.lang.IllegalStateException", "builtins.ValueError", "TypeError", "NoMethodError", "System.InvalidOperationException", "RuntimeException"),
		texts("unexpected end of JSON input|invalid cursor|connection pool exhausted|context canceled",
			"Required value was null|Connection pool shut down|Duplicate key",
			"not enough values to unpack (expected 2, got 1)|invalid literal for int() with base 10: ''",
			"Cannot read properties of undefined (reading 'id')|Cannot destructure property 'total' of 'undefined' as it is undefined.",
			"undefined method `id' for nil:NilClass|undefined method `[]' for nil:NilClass",
			"Sequence contains no elements|Nullable object must have a value.",
			"Undefined array key|Unable to decode the body")
}

// Timeout is error.type and error.message of a client that waited no longer, as
// the library reports it in that language. Types and messages are those
// that the libraries raise: net/http, grpc-go, database/sql; java.net, pgjdbc,
// Lettuce; requests, grpcio, psycopg, redis-py; and so on.
func (r Request) Timeout(lang string, patience time.Duration) (typ, message string) {
	ms, seconds := strconv.FormatInt(max(1, patience.Milliseconds()), 10), strconv.FormatFloat(patience.Seconds(), 'f', -1, 64)
	switch r.Class {
	case Web:
		typ = Pick(lang, "*url.Error", "java.net.SocketTimeoutException", "requests.exceptions.ReadTimeout", "TimeoutError", "Net::ReadTimeout", "System.Threading.Tasks.TaskCanceledException", `GuzzleHttp\Exception\ConnectException`)
		message = Pick(lang,
			r.inGo()+": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
			"Read timed out",
			"HTTPConnectionPool(host='"+r.Host+"', port=80): Read timed out. (read timeout="+seconds+")",
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
		if r.Class != Cache {
			typ = Pick(lang, "context.deadlineExceededError", "java.util.concurrent.TimeoutException", "builtins.TimeoutError", "TimeoutError", "Timeout::Error", "System.TimeoutException", "RuntimeException")
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
		typ = Pick(lang, "context.deadlineExceededError", "java.util.concurrent.TimeoutException", "builtins.TimeoutError", "TimeoutError", "Timeout::Error", "System.TimeoutException", "RuntimeException")
		message = Pick(lang, "context deadline exceeded", "Timed out after "+ms+" ms", "timed out", "Timed out after "+ms+"ms", "execution expired", "The operation has timed out.", "timed out")
	}
	return typ, message
}

// Refused is error.type and error.message of a client that was answered with a
// failure: an HTTP status of 500 and more, or of gRPC, which hands on the message.
func (r Request) Refused(lang string, status int, message string) (typ, text string) {
	code, reason := strconv.Itoa(status), http.StatusText(status)
	url := "http://" + r.Host + r.Path
	if r.Class == RPC {
		typ, _ = r.Failure(lang)
		return typ, Pick(lang,
			"rpc error: code = Unknown desc = "+message, "UNKNOWN: "+message,
			`<_InactiveRpcError of RPC that terminated with: status = StatusCode.UNKNOWN details = "`+message+`">`,
			"2 UNKNOWN: "+message, "2:"+message, `Status(StatusCode="Unknown", Detail="`+message+`")`, message)
	}
	return Pick(lang,
			"*errors.errorString", "org.springframework.web.client.HttpServerErrorException", "requests.exceptions.HTTPError", "AxiosError",
			"Faraday::ServerError", "System.Net.Http.HttpRequestException", `GuzzleHttp\Exception\ServerException`),
		Pick(lang,
			r.Method+" "+url+": unexpected status "+code+" "+reason,
			code+" "+reason+`: "[no body]"`,
			code+" Server Error: "+reason+" for url: "+url,
			"Request failed with status code "+code,
			"the server responded with status "+code,
			"Response status code does not indicate success: "+code+" ("+reason+").",
			"Server error: `"+r.Method+" "+url+"` resulted in a `"+code+" "+reason+"` response")
}

// inGo is how net/http's errors name a request.
func (r Request) inGo() string {
	return fmt.Sprintf("%s %q", r.Method[:1]+strings.ToLower(r.Method[1:]), "http://"+r.Host+r.Path)
}
