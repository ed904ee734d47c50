package dialect

// Stack is how a language writes a stack: ERROR in Head and Tail is the
// type and the message; Frame is made of a noun, Noun, a verb and a line number.
type Stack struct{ Head, Frame, Tail string }

// StackOf is how a language writes a stack.
func StackOf(lang string) Stack {
	return Stack{
		Head: Pick(lang, "", "ERROR\n", "Traceback (most recent call last):\n", "ERROR\n", "", "ERROR\n", ""),
		Frame: Pick(lang,
			"example.com/shop/%[1]s.(*%[2]s).%[3]s\n\t/src/%[1]s/%[3]s.go:%[4]d\n",
			"\tat com.example.%[1]s.%[2]sService.%[3]s(%[2]sService.java:%[4]d)\n",
			"  File \"/app/%[1]s/%[3]s.py\", line %[4]d, in %[3]s\n    return self.%[1]s.%[3]s(request)\n",
			"    at %[2]s.%[3]s (/app/src/%[1]s/%[3]s.js:%[4]d:17)\n",
			"/app/lib/%[1]s/%[3]s.rb:%[4]d:in `%[3]s'\n",
			"   at Shop.%[2]s.%[3]s() in /src/%[2]s.cs:line %[4]d\n",
			"#0 /app/src/%[2]s.php(%[4]d): %[2]s->%[3]s()\n"),
		Tail: Pick(lang, "", "", "ERROR\n", "", "", "", ""),
	}
}
