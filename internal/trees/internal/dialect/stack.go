package dialect

import (
	"fmt"
	"strings"
)

// Stack writes a stack: what failed, frames of the program, innermost first, and
// frames of the framework that called them.
type Stack struct {
	head, tail string // ERROR in them is type and message
	frame      string // of a service, a noun, its verb and a line number, in several spellings
	below      []string
	reversed   bool // the innermost frame comes last
}

// Frame is one frame of the program.
type Frame struct {
	Service, Noun, Verb string
	Line                int
}

// StackOf is how a language writes a stack.
func StackOf(lang string) Stack {
	return Stack{
		head: Pick(lang, "", "ERROR\n", "Traceback (most recent call last):\n", "ERROR\n", "", "ERROR\n", ""),
		frame: Pick(lang,
			"github.com/example/%[1]s/internal/%[5]s.(*%[2]s).%[6]s\n\t/go/src/github.com/example/%[1]s/internal/%[5]s/%[3]s.go:%[4]d\n",
			"\tat com.example.%[7]s.%[2]sService.%[3]s(%[2]sService.java:%[4]d)\n",
			"  File \"/app/%[8]s/%[5]s.py\", line %[4]d, in %[3]s\n    return self.%[5]s.%[3]s(request)\n",
			"    at %[2]sService.%[3]s (/app/src/%[5]s/%[5]s.service.js:%[4]d:17)\n",
			"/app/app/services/%[5]s_service.rb:%[4]d:in `%[3]s'\n",
			"   at Example.%[2]ss.%[2]sService.%[6]sAsync(CancellationToken cancellationToken) in /src/%[2]ss/%[2]sService.cs:line %[4]d\n",
			"/app/src/Service/%[2]sService.php(%[4]d): App\\Service\\%[2]sService->%[3]s()\n"),
		below:    strings.Split(Pick(lang, inGo, inJava, inPython, inNode, inRuby, inDotnet, inPHP), "|"),
		tail:     Pick(lang, "", "", "ERROR\n", "", "", "", ""),
		reversed: Pick(lang, "", "", "so", "", "", "", "") != "",
	}
}

// Frames that end a stack: what the usual framework of a language calls a handler from.
const (
	inGo = "net/http.HandlerFunc.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:2294\n" +
		"|gopkg.in/DataDog/dd-trace-go.v1/contrib/internal/httptrace.TraceAndServe\n\t/go/pkg/mod/gopkg.in/!data!dog/dd-trace-go.v1@v1.72.2/contrib/internal/httptrace/httptrace.go:93\n" +
		"|net/http.serverHandler.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:3301\n" +
		"|net/http.(*conn).serve\n\t/usr/local/go/src/net/http/server.go:2102\n" +
		"|runtime.goexit\n\t/usr/local/go/src/runtime/asm_amd64.s:1700\n"
	inJava = "\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)\n" +
		"|\tat org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:255)\n" +
		"|\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)\n" +
		"|\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)\n" +
		"|\tat jakarta.servlet.http.HttpServlet.service(HttpServlet.java:658)\n" +
		"|\tat org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:195)\n" +
		"|\tat org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:397)\n" +
		"|\tat java.base/java.lang.Thread.run(Thread.java:1583)\n"
	inPython = "  File \"/usr/local/lib/python3.12/site-packages/starlette/middleware/errors.py\", line 164, in __call__\n    await self.app(scope, receive, _send)\n" +
		"|  File \"/usr/local/lib/python3.12/site-packages/starlette/routing.py\", line 776, in app\n    await route.handle(scope, receive, send)\n" +
		"|  File \"/usr/local/lib/python3.12/site-packages/fastapi/routing.py\", line 301, in app\n    raw_response = await run_endpoint_function(\n" +
		"|  File \"/usr/local/lib/python3.12/site-packages/fastapi/routing.py\", line 212, in run_endpoint_function\n    return await dependant.call(**values)\n"
	inNode = "    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)\n" +
		"|    at next (/app/node_modules/express/lib/router/route.js:149:13)\n" +
		"|    at Route.dispatch (/app/node_modules/express/lib/router/route.js:119:3)\n" +
		"|    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n"
	inRuby = "/usr/local/bundle/gems/actionpack-7.1.5/lib/action_controller/metal/basic_implicit_render.rb:6:in `send_action'\n" +
		"|/usr/local/bundle/gems/activesupport-7.1.5/lib/active_support/callbacks.rb:110:in `run_callbacks'\n" +
		"|/usr/local/bundle/gems/rack-2.2.10/lib/rack/etag.rb:27:in `call'\n" +
		"|/usr/local/bundle/gems/puma-6.5.0/lib/puma/thread_pool.rb:167:in `block in spawn_thread'\n"
	inDotnet = "   at Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.TaskOfIActionResultExecutor.Execute(ActionContext actionContext)\n" +
		"|   at Microsoft.AspNetCore.Routing.EndpointMiddleware.Invoke(HttpContext httpContext)\n"
	inPHP = "/app/vendor/laravel/framework/src/Illuminate/Routing/ControllerDispatcher.php(46): App\\Http\\Controllers\\Controller->callAction()\n" +
		"|/app/vendor/laravel/framework/src/Illuminate/Routing/Router.php(806): Illuminate\\Routing\\Route->run()\n" +
		"|/app/public/index.php(20): Illuminate\\Foundation\\Application->handleRequest()\n"
)

// Write writes a stack of frames, innermost first; web says that a web framework
// has called them.
func (s Stack) Write(failed string, frames []Frame, web bool) string {
	if !web && s.reversed {
		s.below = nil
	} else if !web {
		s.below = s.below[len(s.below)-1:]
	}
	lines := make([]string, 0, len(frames)+len(s.below))
	for _, f := range frames {
		lines = append(lines, s.line(f))
	}
	if s.reversed {
		for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
			lines[i], lines[j] = lines[j], lines[i]
		}
		lines = append(append(make([]string, 0, cap(lines)), s.below...), lines...)
	} else {
		lines = append(lines, s.below...)
	}
	text := strings.ReplaceAll(s.head, "ERROR", failed) + strings.Join(lines, "") + strings.ReplaceAll(s.tail, "ERROR", failed)
	return strings.TrimSuffix(text, "\n")
}

func (s Stack) line(f Frame) string {
	lower := strings.ToLower(f.Noun)
	flat := strings.ReplaceAll(f.Service, "-", "")
	return fmt.Sprintf(s.frame, f.Service, f.Noun, f.Verb, f.Line, lower, strings.ToUpper(f.Verb[:1])+f.Verb[1:], flat, strings.ReplaceAll(f.Service, "-", "_"))
}
