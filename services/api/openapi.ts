/** The description of the API (OpenAPI 3.1), made from the operations themselves. */
import { OpenApiGeneratorV31, type OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';

