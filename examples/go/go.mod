module example.org/tocsin/examples

go 1.19

require github.com/gorilla/websocket v1.5.3
