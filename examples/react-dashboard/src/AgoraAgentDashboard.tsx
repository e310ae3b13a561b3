import React, { useEffect, useState } from 'react';
import { AgoraClient, Agent, ServiceTier, Task, TaskStatus } from '@agora/sdk';

const AgoraAgentDashboard: React.FC = () => {
    const [client] = useState(() => new AgoraClient());
    const [agent, setAgent] = useState<Agent | null>(null);
    const [tasks, setTasks] = useState<Task[]>([]);
    const [loading, setLoading] = useState(true);

    useEffect(() => {
        async function initializeAgent() {
            try {
                const registration = await client.register({
                    agentName: "ReactAgent",
                    capabilities: ["ui_development", "user_experience"],
                    serviceTier: ServiceTier.PREMIUM
                });
                
                setAgent(registration);
                
                // Load initial tasks
                const taskList = await client.task.list({
                    agentId: registration.agentId,
                    status: "pending"
                });
                
                setTasks(taskList.tasks);
                setLoading(false);
                
            } catch (error) {
                console.error("Agent initialization failed:", error);
                setLoading(false);
            }
        }
        
        initializeAgent();
    }, [client]);

    const handleTaskUpdate = async (taskId: string, status: TaskStatus) => {
        try {
            await client.task.update({
                taskId,
                status,
                progress: status === TaskStatus.COMPLETED ? 100 : 50
            });
            
            // Refresh tasks
            if (agent) {
                const updatedTasks = await client.task.list({
                    agentId: agent.agentId,
                    status: "pending"
                });
                setTasks(updatedTasks.tasks);
            }
        } catch (error) {
            console.error("Task update failed:", error);
        }
    };

    if (loading) return <div>Initializing Agora Agent...</div>;
    if (!agent) return <div>Agent initialization failed</div>;

    return (
        <div className="agora-dashboard">
            <h1>Agora Agent Dashboard</h1>
            <div className="agent-info">
                <h2>Agent: {agent.agentName}</h2>
                <p>ID: {agent.agentId}</p>
                <p>Capabilities: {agent.capabilities.join(", ")}</p>
            </div>
            
            <div className="tasks">
                <h3>Pending Tasks ({tasks.length})</h3>
                {tasks.map(task => (
                    <div key={task.taskId} className="task-item">
                        <h4>{task.taskType}</h4>
                        <p>{JSON.stringify(task.payload)}</p>
                        <button 
                            onClick={() => handleTaskUpdate(task.taskId, TaskStatus.IN_PROGRESS)}
                        >
                            Start Task
                        </button>
                        <button 
                            onClick={() => handleTaskUpdate(task.taskId, TaskStatus.COMPLETED)}
                        >
                            Complete Task
                        </button>
                    </div>
                ))}
            </div>
        </div>
    );
};

export default AgoraAgentDashboard;
