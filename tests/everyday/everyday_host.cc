// This is a host with the service EVERYDAY.

#include "server/host_main.h"
#include "tests/everyday/everyday.h"

int main(int argc, char** argv) { return rpyc::HostMain(argc, argv, {everyday::Everyday()}); }
