package deploy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	redisMain = "../examples/chat/lambda/redis"
	// worker is not a function, but a service that has the same engine.
	worker = "Worker"
)

func TestRedisTemplate(t *testing.T) {
	for _, problem := range redisProblems(readTemplate(t, "redis.yaml"), readRedisCode(t)) {
		t.Error(problem)
	}
}

// TestRedisProblems breaks the template in every way that TestRedisTemplate is to
// notice and TestProblems does not try.
func TestRedisProblems(t *testing.T) {
	c := readRedisCode(t)
	container := func(t template) map[string]any {
		return fieldsOf(listOf(t.properties("WorkerTask", "ContainerDefinitions"))[0])
	}
	for name, test := range map[string]struct {
		broken func(template)
		want   string
	}{
		"a function outside the network": {
			func(t template) { t.drop("Globals", "Function", "VpcConfig") },
			webSocket + ".SubnetIds",
		},
		"a cache that everybody reaches": {
			func(t template) {
				t.set([]any{map[string]any{"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "CidrIp": "0.0.0.0/0"}}, "Resources", "CacheGroup", "Properties", "SecurityGroupIngress")
			},
			"CacheGroup.SecurityGroupIngress",
		},
		"a cache that evicts unnoticed": {
			func(t template) { t.drop("Resources", "CacheEvicts") },
			"no alarm on AWS/ElastiCache Evictions Cache",
		},
		"an alarm on another cache": {
			func(t template) {
				t.set([]any{map[string]any{"Name": "clusterId", "Value": "!Ref Vpc"}}, "Resources", "CacheRefuses", "Properties", "Dimensions")
			},
			"CacheRefuses: AWS/ElastiCache ThrottledCmds: Vpc does not send it",
		},
		"a cache without users": {
			func(t template) { t.drop("Resources", "Cache", "Properties", "UserGroupId") },
			"Cache.UserGroupId",
		},
		"a cache that evicts": {
			func(t template) { t.set(map[string]any{}, "Resources", "Cache", "Properties", "CacheUsageLimits") },
			"Cache.CacheUsageLimits",
		},
		"a user without a password": {
			func(t template) {
				t.set("no-password-required", "Resources", "CacheUser", "Properties", "AuthenticationMode", "Type")
			},
			"CacheUser.AuthenticationMode",
		},
		"a user who may do everything": {
			func(t template) { t.set("on ~* &* +@all", "Resources", "CacheUser", "Properties", "AccessString") },
			"CacheUser.AccessString",
		},
		"a cache without TLS": {
			func(t template) { t.set("off", "Globals", "Function", "Environment", "Variables", "FANQL_REDIS_TLS") },
			webSocket + "'s FANQL_REDIS_TLS is off",
		},
		"no way out of a private subnet": {
			func(t template) { t.drop("Resources", "PrivateRoute", "Properties", "NatGatewayId") },
			"PrivateRoute.NatGatewayId",
		},
		"a private subnet without routes": {
			func(t template) { t.drop("Resources", "PrivateAssociationB") },
			"PrivateSubnetB has the routes []",
		},
		"a variable that the worker lacks": {
			func(t template) { container(t)["Environment"] = nil },
			"Worker reads AWS_REGION, which it does not get",
		},
		"another password of the worker's": {
			func(t template) {
				container(t)["Secrets"] = []any{map[string]any{"Name": "FANQL_REDIS_PASSWORD", "ValueFrom": "!Ref Vpc"}}
			},
			"Worker's FANQL_REDIS_PASSWORD",
		},
		"a worker that is killed in the middle": {
			func(t template) { container(t)["StopTimeout"] = 5 },
			"Worker.StopTimeout",
		},
		"a worker that may not post": {
			func(t template) { t.statement("WorkerRole", 0)["Action"] = []any{} },
			"WorkerRole lacks execute-api:ManageConnections",
		},
		"a function that may not join the network": {
			func(t template) { t.statement("HTTPRole", 1)["Action"] = []any{} },
			"HTTPRole lacks ec2:CreateNetworkInterface",
		},
		"a timeout that API Gateway does not wait for": {
			func(t template) { t.set(60, "Globals", "Function", "Timeout") },
			overHTTP + ".Timeout",
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed := readTemplate(t, "redis.yaml")
			test.broken(changed)
			found := redisProblems(changed, c)
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("problems %q, want one that says %q", found, test.want)
			}
		})
	}
}

func redisProblems(t template, c code) []string {
	return checked(t, c, references, environments, permitted, runtimes, routes, network, cache, container, limited, measured, watched)
}

func readRedisCode(t *testing.T) code {
	t.Helper()
	c := code{
		mains:       map[string]string{webSocket: redisMain, overHTTP: redisMain},
		environment: map[string][]string{worker: slices.DeleteFunc(environmentReads(t, redisMain+"/worker"), ofFunctions)},
		permissions: map[string][]string{worker: slices.Sorted(maps.Keys(toPost(t, "Engine.Deliver")))},
		value:       redisVariable,
	}
	for function, main := range c.mains {
		c.environment[function] = environmentReads(t, main)
		// Whoever publishes may deliver.
		needed := toPost(t, append(calls(function), "Engine.Deliver")...)
		maps.Copy(needed, toLogs(function))
		maps.Copy(needed, inNetwork())
		c.permissions[function] = slices.Sorted(maps.Keys(needed))
	}
	return c
}

// ofFunctions says whether a variable, which the worker reads, is of no use to it:
// it takes no connections, and sets its delivery itself.
func ofFunctions(name string) bool { return name == "FANQL_ORIGINS" || name == "FANQL_DELIVERY" }

// redisVariable is the value that a variable has to have.
func redisVariable(name string) any {
	return map[string]any{
		"FANQL_REDIS_ADDRESSES": "!Sub ${Cache.Endpoint.Address}:${Cache.Endpoint.Port}",
		"FANQL_REDIS_USERNAME":  "chat",
		"FANQL_REDIS_PASSWORD":  cachePassword,
		"FANQL_REDIS_TLS":       "on", // ElastiCache Serverless has nothing else,
		"FANQL_REDIS_CLUSTER":   "on", // and is one
		"FANQL_REDIS_PREFIX":    "fanql:",
		"FANQL_ENDPOINT":        variable("FANQL_ENDPOINT"),
		"FANQL_ORIGINS":         variable("FANQL_ORIGINS"),
		"FANQL_DELIVERY":        "!Ref Delivery",
		"FANQL_METRICS":         "!Ref AWS::StackName",
		"AWS_REGION":            "!Ref AWS::Region",
	}[name]
}

const cachePassword = "!Sub {{resolve:secretsmanager:${CachePassword}:SecretString}}"

// toPost is what calls of the engine need of the @connections API. Nothing else in
// these programs asks AWS.
func toPost(t *testing.T, calls ...string) map[string]bool {
	t.Helper()
	sockets, needed := readSource(t, "../adapters/apigw"), map[string]bool{}
	for _, call := range portCalls(readSource(t, "../core").reach(t, calls...)) {
		if strings.HasPrefix(call, "Pusher.") {
			for _, verb := range methods(sockets.reach(t, call)) {
				needed["execute-api:ManageConnections on "+connections(verb)] = true
			}
		}
	}
	return needed
}

// inNetwork is what Lambda does in a function's name. Source: "Giving Lambda
// functions access to resources in an Amazon VPC".
func inNetwork() map[string]bool {
	needed := map[string]bool{}
	for _, action := range []string{
		"CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface",
		"AssignPrivateIpAddresses", "UnassignPrivateIpAddresses",
	} {
		needed["ec2:"+action+" on *"] = true
	}
	return needed
}

// network: all programs are in private subnets, from which posts go out.
func network(t template, c code) []string {
	private, group := []any{"!Ref PrivateSubnetA", "!Ref PrivateSubnetB"}, []any{"!Ref ProgramsGroup"}
	found := slices.Concat(
		differs(t.properties("PrivateRoute", "RouteTableId"), "!Ref PrivateRoutes", "PrivateRoute.RouteTableId"),
		differs(t.properties("PrivateRoute", "DestinationCidrBlock"), "0.0.0.0/0", "PrivateRoute.DestinationCidrBlock"),
		differs(t.properties("PrivateRoute", "NatGatewayId"), "!Ref NatGateway", "PrivateRoute.NatGatewayId"),
		differs(t.properties("NatGateway", "SubnetId"), "!Ref PublicSubnet", "NatGateway.SubnetId"),
	)
	for subnet, routes := range map[string]string{"PrivateSubnetA": "PrivateRoutes", "PrivateSubnetB": "PrivateRoutes", "PublicSubnet": "PublicRoutes"} {
		var has []any
		for _, association := range t.ofType("AWS::EC2::SubnetRouteTableAssociation") {
			if t.properties(association, "SubnetId") == "!Ref "+subnet {
				has = append(has, t.properties(association, "RouteTableId"))
			}
		}
		if len(has) != 1 || has[0] != "!Ref "+routes {
			found = append(found, fmt.Sprintf("%s has the routes %v, want %s", subnet, has, routes))
		}
	}
	for _, function := range c.functions() {
		found = slices.Concat(found,
			differs(t.function(function, "VpcConfig", "SubnetIds"), private, function+".SubnetIds"),
			differs(t.function(function, "VpcConfig", "SecurityGroupIds"), group, function+".SecurityGroupIds"),
			differs(t.function(function, "Timeout"), 29, function+".Timeout"),
		)
	}
	of := func(key string) any {
		return t.properties("WorkerService", "NetworkConfiguration", "AwsvpcConfiguration", key)
	}
	return slices.Concat(found,
		differs(of("Subnets"), private, "WorkerService.Subnets"),
		differs(of("SecurityGroups"), group, "WorkerService.SecurityGroups"),
	)
}

// cache: nobody but the programs reaches it, as a user with a password who may do
// what they do; and it never evicts.
func cache(t template, _ code) []string {
	return slices.Concat(
		differs(t.properties("Cache", "SecurityGroupIds"), []any{"!Ref CacheGroup"}, "Cache.SecurityGroupIds"),
		differs(t.properties("CacheGroup", "SecurityGroupIngress"), []any{map[string]any{
			"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "SourceSecurityGroupId": "!Ref ProgramsGroup",
		}}, "CacheGroup.SecurityGroupIngress"),
		differs(t.properties("Cache", "UserGroupId"), "!Ref CacheUsers", "Cache.UserGroupId"),
		differs(t.properties("Cache", "CacheUsageLimits"), nil, "Cache.CacheUsageLimits"),
		differs(t.properties("CacheUsers", "UserIds"), []any{"!Ref CacheUser"}, "CacheUsers.UserIds"),
		differs(t.properties("CacheUser", "UserName"), redisVariable("FANQL_REDIS_USERNAME"), "CacheUser.UserName"),
		differs(t.properties("CacheUser", "AuthenticationMode"),
			map[string]any{"Type": "password", "Passwords": []any{cachePassword}}, "CacheUser.AuthenticationMode"),
		// e2e/lambdaredis runs everything with these rights.
		differs(t.properties("CacheUser", "AccessString"), "on ~fanql:* ~chat:* &fanql:* -@all"+
			" +@read +@write +@scripting +@pubsub +@connection +cluster|slots +time", "CacheUser.AccessString"),
	)
}

// container: the worker has what it reads, and the time to end in good order.
func container(t template, c code) []string {
	fields := fieldsOf(listOf(t.properties("WorkerTask", "ContainerDefinitions"))[0])
	has := map[string]any{}
	for _, variable := range listOf(fields["Environment"]) {
		name, _ := fieldsOf(variable)["Name"].(string)
		has[name] = fieldsOf(variable)["Value"]
	}
	for _, secret := range listOf(fields["Secrets"]) {
		if name, _ := fieldsOf(secret)["Name"].(string); fieldsOf(secret)["ValueFrom"] == "!Ref CachePassword" {
			has[name] = cachePassword
		}
	}
	var found []string
	for _, name := range c.environment[worker] {
		if strings.HasPrefix(name, "AWS_") && name != "AWS_REGION" {
			continue // credentials, which ECS sees to
		}
		if _, set := has[name]; !set {
			found = append(found, fmt.Sprintf("%s reads %s, which it does not get", worker, name))
		}
		found = append(found, differs(has[name], c.value(name), worker+"'s "+name)...)
	}
	for name := range has {
		if !slices.Contains(c.environment[worker], name) {
			found = append(found, worker+" does not read "+name)
		}
	}
	allowed := t.allowed("WorkerRole")
	slices.Sort(allowed)
	for _, needed := range c.permissions[worker] {
		if !slices.Contains(allowed, needed) {
			found = append(found, "WorkerRole lacks "+needed)
		}
	}
	return slices.Concat(found,
		differs(len(allowed), len(c.permissions[worker]), "the number of WorkerRole's permissions"),
		differs(t.properties("WorkerTask", "TaskRoleArn"), "!GetAtt WorkerRole.Arn", "WorkerTask.TaskRoleArn"),
		differs(fields["StopTimeout"], 30, worker+".StopTimeout"), // three times redis.Config.DrainTimeout
	)
}
