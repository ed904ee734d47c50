// Package dialect holds what differs from language to language in what tracers
// write: how libraries are called, how they fail and in which words, how a stack
// is written.
//
// What may live here: texts, by language and by class of operation. What may
// not: spans, trees, anything drawn at random.
package dialect

// Class is what an operation does, as far as libraries that do it are alike.
type Class uint8

// The classes.
const (
	Custom Class = iota
	Web
	RPC
	SQL
	Cache
	Store // databases that do not speak SQL
	Queue
)

// Pick picks by the language of a tracer, as Datadog-Meta-Lang names it.
func Pick(lang, golang, java, python, node, ruby, dotnet, php string) string {
	switch lang {
	case "java", "jvm":
		return java
	case "python":
		return python
	case "nodejs", "javascript", "js":
		return node
	case "ruby":
		return ruby
	case "dotnet", ".NET":
		return dotnet
	case "php":
		return php
	}
	return golang
}

// Language is the name by which a language goes here, of any that it has.
func Language(lang string) string {
	return Pick(lang, lang, "java", "python", "nodejs", "ruby", "dotnet", "php")
}

// Tag is the value of the language tag, where it differs from the name
// of the language: the tracers of Java and Node name their runtime.
func Tag(lang string) string {
	switch lang {
	case "java":
		return "jvm"
	case "nodejs", "js":
		return "javascript"
	}
	return lang
}
