"""Amazon ECS on Fargate, behind an application load balancer."""
