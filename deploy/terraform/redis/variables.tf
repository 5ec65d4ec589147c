variable "name" {
  type        = string
  default     = "fanql-chat"
  description = "What the names of all resources begin with"
}

variable "package" {
  type        = string
  default     = "function.zip"
  description = "The zip with the functions' program, which is called bootstrap"
}

variable "delivery" {
  type        = string
  default     = "direct"
  description = "Who delivers events: the invocation that publishes (direct), or a service of its own (worker)"

  validation {
    condition     = contains(["direct", "worker"], var.delivery)
    error_message = "delivery is direct or worker."
  }
}

variable "worker_image" {
  type        = string
  default     = ""
  description = "The worker's container image, for arm64; needed with delivery = \"worker\""
}

variable "log_retention_days" {
  type        = number
  default     = 14
  description = "How long logs are kept"

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is 1, 3, 5, 7, 14, 30, 60, 90, 180 or 365."
  }
}

variable "allowed_origin" {
  type        = string
  default     = "*"
  description = "The origin whose pages may connect and call the HTTP API, such as https://chat.example.com"
}

variable "requests_per_second" {
  type        = number
  default     = 1000
  description = "What each of the two APIs takes of all clients; what is left of the account's quota is for posts"

  validation {
    condition     = var.requests_per_second >= 1
    error_message = "requests_per_second is at least 1."
  }
}

variable "websocket_access_logs" {
  type        = bool
  default     = false
  description = "Needs the account's CloudWatch role in API Gateway's settings, which is why it is off"
}

variable "alarm_email" {
  type        = string
  default     = ""
  description = "Who receives alarms; empty for nobody"
}
