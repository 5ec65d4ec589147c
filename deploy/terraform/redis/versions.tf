# The chat example on AWS with Redis in place of DynamoDB, the same as
# deploy/redis.yaml: "With Redis" in docs/deploying.md.
#
# One program is behind all functions; it tells their events apart. A test holds what is
# here against the provider's schema, against the template, and against the code.
terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

# The region and the credentials are those of the environment.
provider "aws" {}

data "aws_region" "current" {}
data "aws_partition" "current" {}
