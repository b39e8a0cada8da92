"""The stage-entry gate's suites: the stages of the process, and one suite per rule of policy."""
