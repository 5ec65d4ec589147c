# Alarms and a dashboard, of metrics that AWS sends without being asked, and of those that the
# program writes (FanQL). What to do then is in docs/operations.md.

locals {
  functions = {
    websocket = aws_lambda_function.websocket.function_name
    stream    = aws_lambda_function.stream.function_name
    http      = aws_lambda_function.http.function_name
  }

  tables = {
    connections   = aws_dynamodb_table.connections.name
    subscriptions = aws_dynamodb_table.subscriptions.name
    events        = aws_dynamodb_table.events.name
    messages      = aws_dynamodb_table.messages.name
  }
}

resource "aws_sns_topic" "alarm_topic" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "alarm_subscription" {
  count = var.alarm_email != "" ? 1 : 0

  topic_arn = aws_sns_topic.alarm_topic.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "events_given_up" {
  alarm_name          = "${var.name}-events-given-up"
  alarm_description   = "Events were given up, and no client knows - Dead letters"
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  metric_query {
    id = "dropped"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "DroppedEventCount"
      stat        = "Sum"
      period      = 60
      dimensions = {
        EventSourceMappingUUID = aws_lambda_event_source_mapping.published.uuid
      }
    }
  }

  metric_query {
    id = "kept"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "OnFailureDestinationDeliveredEventCount"
      stat        = "Sum"
      period      = 60
      dimensions = {
        EventSourceMappingUUID = aws_lambda_event_source_mapping.published.uuid
      }
    }
  }

  metric_query {
    id = "lost"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "DestinationDeliveryFailures"
      stat        = "Sum"
      period      = 60
      dimensions = {
        FunctionName = aws_lambda_function.stream.function_name
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "events_late" {
  alarm_name          = "${var.name}-events-late"
  alarm_description   = "Events are delivered more than a minute late - Lag grows"
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 60000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    FunctionName = aws_lambda_function.stream.function_name
  }
}

resource "aws_cloudwatch_metric_alarm" "fan_out_too_large" {
  alarm_name          = "${var.name}-fan-out-too-large"
  alarm_description   = "A fan-out takes nearly all of an invocation - docs/scale.md"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 800000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    FunctionName = aws_lambda_function.stream.function_name
  }
}

resource "aws_cloudwatch_metric_alarm" "functions_fail" {
  alarm_name          = "${var.name}-functions-fail"
  alarm_description   = "Invocations fail - the log says why"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.functions

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Errors"
        stat        = "Sum"
        period      = 60
        dimensions = {
          FunctionName = metric_query.value
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "functions_throttled" {
  alarm_name          = "${var.name}-functions-throttled"
  alarm_description   = "Lambda's concurrency is used up - Throttling"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.functions

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        stat        = "Sum"
        period      = 60
        dimensions = {
          FunctionName = metric_query.value
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "tables_throttled" {
  alarm_name          = "${var.name}-tables-throttled"
  alarm_description   = "DynamoDB refuses requests for now - Throttling"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.tables

    content {
      id = "${metric_query.key}_reads"

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "ReadThrottleEvents"
        stat        = "Sum"
        period      = 60
        dimensions = {
          TableName = metric_query.value
        }
      }
    }
  }

  dynamic "metric_query" {
    for_each = local.tables

    content {
      id = "${metric_query.key}_writes"

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "WriteThrottleEvents"
        stat        = "Sum"
        period      = 60
        dimensions = {
          TableName = metric_query.value
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "websocket_fails" {
  alarm_name          = "${var.name}-websocket-fails"
  alarm_description   = "Messages of clients fail"
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  metric_query {
    id = "integration"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "IntegrationError"
      stat        = "Sum"
      period      = 60
      dimensions = {
        ApiId = aws_apigatewayv2_api.websocket.id
        Stage = aws_apigatewayv2_stage.websocket.name
      }
    }
  }

  metric_query {
    id = "execution"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "ExecutionError"
      stat        = "Sum"
      period      = 60
      dimensions = {
        ApiId = aws_apigatewayv2_api.websocket.id
        Stage = aws_apigatewayv2_stage.websocket.name
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "http_fails" {
  alarm_name          = "${var.name}-http-fails"
  alarm_description   = "Requests over HTTP fail"
  namespace           = "AWS/ApiGateway"
  metric_name         = "5xx"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    ApiId = aws_apigatewayv2_api.http.id
    Stage = aws_apigatewayv2_stage.http.name
  }
}

resource "aws_cloudwatch_metric_alarm" "deliveries_slow" {
  alarm_name          = "${var.name}-deliveries-slow"
  alarm_description   = "One event in a hundred reaches its last subscriber after more than 5 s - Lag grows"
  namespace           = "FanQL"
  metric_name         = "DeliveryLag"
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 5
  threshold           = 5000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "subscribers_lost" {
  alarm_name          = "${var.name}-subscribers-lost"
  alarm_description   = "Subscribers were asked to subscribe again, because events did not reach them"
  namespace           = "FanQL"
  metric_name         = "SubscribersLost"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 10
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "pushes_throttled" {
  alarm_name          = "${var.name}-pushes-throttled"
  alarm_description   = "Posts to clients are refused for now - Throttling"
  namespace           = "FanQL"
  metric_name         = "PushesThrottled"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 10
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "publishing_fails" {
  alarm_name          = "${var.name}-publishing-fails"
  alarm_description   = "Events cannot be published"
  namespace           = "FanQL"
  metric_name         = "PublishErrors"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm_topic.arn]
  ok_actions          = [aws_sns_topic.alarm_topic.arn]

  dimensions = {
    Stack = var.name
  }
}
