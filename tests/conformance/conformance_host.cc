// The suite's host with the kinds of this project. For a kind of one's own it is the same program
// with another table.

#include "server/host_main.h"
#include "tests/conformance/services.h"

int main(int argc, char** argv) { return rpyc::HostMain(argc, argv, conformance::Services()); }
