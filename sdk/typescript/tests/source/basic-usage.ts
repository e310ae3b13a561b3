import { AgoraClient, ServiceTier, MessageType, TaskStatus } from '@agora/sdk';

async function main() {
    // Initialize client
    const client = new AgoraClient();
    
    // Register agent
    const registration = await client.register({
        agentName: "TypeScriptAgent",
        capabilities: ["web_development", "testing"],
        serviceTier: ServiceTier.BASIC
    });
    
    // Send message
    const messageResult = await client.messaging.send({
        toAgent: "WebTeam",
        content: "TypeScript deployment ready",
        messageType: MessageType.TASK_COMPLETION,
        priority: "high"
    });
    
    // Create workflow
    const workflow = await client.workflow.create({
        workflowName: "web_deployment",
        steps: [
            { name: "build", agent: "BuildAgent" },
            { name: "test", agent: "TestAgent" },
            { name: "deploy", agent: "DeployAgent" }
        ],
        assignedAgents: ["BuildAgent", "TestAgent", "DeployAgent"]
    });
    
    // Query services
    const services = await client.discovery.list({
        category: "task",
        status: "active"
    });
    
    console.log(`Registration: ${registration.agentId}`);
    console.log(`Message sent: ${messageResult.messageId}`);
    console.log(`Workflow created: ${workflow.workflowId}`);
    console.log(`Available services: ${services.length}`);
}

main().catch(console.error);
