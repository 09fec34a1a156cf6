module venture.parpour.dev/hack/cluster/pause

go 1.26

tool venture.parpour.dev/hack/cluster/pause
