# --- The worker: delivers what was published. Two tasks, so that one may end. ---

locals {
  worker_count = var.delivery == "worker" ? 1 : 0

  assumed_by_ecs = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  }
}

resource "aws_ecs_service" "worker_service" {
  count = local.worker_count

  name            = "${var.name}-worker"
  cluster         = aws_ecs_cluster.worker_cluster[0].id
  task_definition = aws_ecs_task_definition.worker_task[0].arn
  launch_type     = "FARGATE"
  desired_count   = 2

  network_configuration {
    subnets         = [aws_subnet.private_subnet_a.id, aws_subnet.private_subnet_b.id]
    security_groups = [aws_security_group.programs_group.id]
  }

  depends_on = [
    aws_route.private_route,
    aws_route_table_association.private_association_a,
    aws_route_table_association.private_association_b,
  ]
}

resource "aws_ecs_cluster" "worker_cluster" {
  count = local.worker_count

  name = "${var.name}-worker"
}

resource "aws_ecs_task_definition" "worker_task" {
  count = local.worker_count

  family                   = "${var.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "1024"
  memory                   = "2048"
  task_role_arn            = aws_iam_role.worker[0].arn
  execution_role_arn       = aws_iam_role.worker_start[0].arn

  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode([{
    name        = "worker"
    image       = var.worker_image
    stopTimeout = 30 # the worker takes 10 s at the most, after SIGTERM

    environment = [
      { name = "AWS_REGION", value = data.aws_region.current.id },
      { name = "FANQL_REDIS_ADDRESSES", value = local.environment.FANQL_REDIS_ADDRESSES },
      { name = "FANQL_REDIS_USERNAME", value = local.environment.FANQL_REDIS_USERNAME },
      { name = "FANQL_REDIS_TLS", value = local.environment.FANQL_REDIS_TLS },
      { name = "FANQL_REDIS_CLUSTER", value = local.environment.FANQL_REDIS_CLUSTER },
      { name = "FANQL_REDIS_PREFIX", value = local.environment.FANQL_REDIS_PREFIX },
      { name = "FANQL_ENDPOINT", value = local.environment.FANQL_ENDPOINT },
      { name = "FANQL_METRICS", value = local.environment.FANQL_METRICS },
    ]

    secrets = [
      { name = "FANQL_REDIS_PASSWORD", valueFrom = aws_secretsmanager_secret.cache_password.arn },
    ]

    logConfiguration = {
      logDriver = "awslogs"

      options = {
        awslogs-group         = aws_cloudwatch_log_group.worker_logs[0].name
        awslogs-region        = data.aws_region.current.id
        awslogs-stream-prefix = "worker"
      }
    }
  }])

  lifecycle {
    precondition {
      condition     = var.worker_image != ""
      error_message = "delivery = \"worker\" needs worker_image."
    }
  }
}

resource "aws_iam_role" "worker" {
  count = local.worker_count

  name               = "${var.name}-worker"
  assume_role_policy = jsonencode(local.assumed_by_ecs)
}

resource "aws_iam_role_policy" "worker" {
  count = local.worker_count

  name = "main"
  role = aws_iam_role.worker[0].id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.posts]
  })
}

# What ECS does before the worker starts: image, password, logs.
resource "aws_iam_role" "worker_start" {
  count = local.worker_count

  name               = "${var.name}-worker-start"
  assume_role_policy = jsonencode(local.assumed_by_ecs)
}

resource "aws_iam_role_policy" "worker_start" {
  count = local.worker_count

  name = "main"
  role = aws_iam_role.worker_start[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = aws_secretsmanager_secret.cache_password.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.worker_logs[0].arn}:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "worker_logs" {
  count = local.worker_count

  name              = "/ecs/${var.name}-worker"
  retention_in_days = var.log_retention_days
}
