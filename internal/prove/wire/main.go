package main

import "os"
import "fmt"

func main() { fmt.Fprintln(os.Stderr, serve()) }
