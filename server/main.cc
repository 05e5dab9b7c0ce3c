// The program rpycd: a host without services of its own.

#include "server/host_main.h"

int main(int argc, char** argv) { return rpyc::HostMain(argc, argv, {}); }
